import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FORBIDDEN_STORE, SIEGE_LIMITS, UNKNOWN_STORE } from "./besieged-terms.ts";
import { HostilePeer, SUBSCRIBE } from "./hostile-peer.ts";
import { knock, rawClient } from "./raw-client.ts";
import { Siege } from "./siege.ts";

const MIB = 2 ** 20;
const { engine, server } = SIEGE_LIMITS;

let siege: Siege;
/** Sockets on which a request comes a letter at a time, from the beginning of these tests. */
let slow: { readonly sockets: readonly Socket[]; readonly ended: Promise<unknown> };
beforeAll(async () => {
  siege = await Siege.begin();
  slow = slowly(siege.address, 50);
});
afterAll(() => siege[Symbol.asyncDispose]());

describe("a primary goes on, and its neighbours with it, beside", () => {
  test("lines on which nobody says hello, and which answer every ping", async ({ annotate }) => {
    const { wrong, summary } = await siege.endure(16 * MIB, async () => {
      const count = server.maxLines - 20;
      const peers = await Promise.all(
        Array.from({ length: count }, () => HostilePeer.open(siege.address)),
      );
      const started = performance.now();
      await Promise.all(peers.map(({ ended }) => ended));
      // What a busy machine adds, to that and to the heartbeat.
      expect(performance.now() - started).toBeLessThan(engine.helloTimeoutMs + 5_000);
    });
    expect(wrong).toEqual([]);
    await annotate(summary);
  });

  test("more lines than it takes: it says 503, and has room again when they are gone", async () => {
    const open = () =>
      Array.from({ length: server.maxLines + 50 }, () => HostilePeer.open(siege.address));
    const peers = await Promise.all(open());
    expect(peers.filter(({ isOpen }) => isOpen).length).toBeLessThanOrEqual(server.maxLines);
    expect(await statusOf(siege.address)).toContain("503");
    await Promise.all(peers.map((peer) => peer.leave()));
    await siege.neighbour();
  });

  test("what is no WebSocket's", async ({ annotate }) => {
    const frames = [
      // Without a mask.
      [0x82, 0x03, 0x0e, 0x01, 0x90],
      // With each bit that nobody has asked for, and an operation that is none.
      ...[0xc2, 0xa2, 0x92, 0x83].map((first) => [first, 0x80, 1, 2, 3, 4]),
      // A text that is no UTF-8, and one that is.
      [0x81, 0x81, 0, 0, 0, 0, 0xff],
      [0x81, 0x81, 0, 0, 0, 0, 0x41],
      // A continuation of nothing, a ping in pieces, a close of one byte, 2^63 bytes.
      [0x80, 0x80, 1, 2, 3, 4],
      [0x09, 0x80, 1, 2, 3, 4],
      [0x88, 0x81, 0, 0, 0, 0, 0x03],
      [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
    ];
    const { wrong, summary } = await siege.endure(16 * MIB, async () => {
      const ends = frames.map(async (bytes) => {
        const socket = await rawClient(siege.address);
        socket.write(Uint8Array.from(bytes));
        socket.resume();
        await once(socket, "close");
      });
      await Promise.all(ends);
    });
    expect(wrong).toEqual([]);
    await annotate(summary);
  });

  test("pings without end, from who reads no pong", async ({ annotate }) => {
    const pings = Buffer.alloc(256 * 131, pingOf(125));
    const { wrong, summary } = await siege.endure(16 * MIB, () =>
      pour(siege.address, pings, 16 * MIB),
    );
    expect(wrong).toEqual([]);
    await annotate(summary);
  });

  test("a message in pieces of one byte", async ({ annotate }) => {
    const pieces = Buffer.alloc(7 * 4_096, Uint8Array.of(0x00, 0x81, 0, 0, 0, 0, 1));
    const first = Uint8Array.of(0x02, 0x81, 0, 0, 0, 0, 1);
    const { wrong, summary } = await siege.endure(64 * MIB, () =>
      pour(siege.address, pieces, 8 * MIB, first),
    );
    expect(wrong).toEqual([]);
    await annotate(summary);
  });
});

test("who may not have a store is answered as if there were none, to the byte", async () => {
  const answers = [];
  for (const storeId of [FORBIDDEN_STORE, UNKNOWN_STORE]) {
    const peer = await HostilePeer.agree(siege.address);
    peer.say({ ...SUBSCRIBE, storeId });
    answers.push(await peer.frame("error"));
    await peer.leave();
  }
  expect(answers[0]).toBeInstanceOf(Uint8Array);
  expect(answers[1]).toEqual(answers[0]);
});

test("who says a request a letter at a time is not waited for", async () => {
  await slow.ended;
  expect(slow.sockets.every(({ destroyed }) => destroyed)).toBe(true);
}, 30_000);

/** Sends the same again and again, whatever is answered, until so much is sent or the line is cut. */
async function pour(
  address: string,
  bytes: Uint8Array,
  total: number,
  first?: Uint8Array,
): Promise<void> {
  const peers = Array.from({ length: 4 }, async () => {
    const socket = await rawClient(address);
    const closed = once(socket, "close");
    if (first !== undefined) socket.write(first);
    for (let sent = 0; sent < total && !socket.destroyed; sent += bytes.length) {
      if (socket.write(bytes)) continue;
      await Promise.race([once(socket, "drain"), closed]).catch(() => undefined);
    }
    socket.destroy();
  });
  await Promise.all(peers);
}

/** A ping of so many bytes, as a client masks it. */
function pingOf(length: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x89, 0x80 | length, 0, 0, 0, 0), randomBytes(length)]);
}

function slowly(address: string, count: number): typeof slow {
  const port = Number(new URL(address).port);
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1"));
  const ends = sockets.map(async (socket) => {
    const request = `GET / HTTP/1.1\r\nHost: ${"a".repeat(10_000)}`;
    let at = 0;
    const timer = setInterval(() => socket.write(request[at++] ?? "a"), 100);
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
    clearInterval(timer);
  });
  return { sockets, ended: Promise.all(ends) };
}

/** The first line of the answer to a request to become a WebSocket. */
async function statusOf(address: string): Promise<string> {
  const socket = knock(address);
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString().split("\r\n")[0] ?? "";
}
