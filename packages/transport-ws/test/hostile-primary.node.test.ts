import { once } from "node:events";
import {
  BodyWriter,
  createSyncContext,
  encoded,
  type MessageOf,
  type SyncError,
  type WireOperation,
} from "@datahike-sync/core";
import { type Edn, print, uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { PLAIN_STORE } from "./besieged-terms.ts";
import { CODEC, frameOf, HELLO } from "./hostile-peer.ts";
import { hostilePrimary, type LyingLine, type Play } from "./hostile-primary.ts";

const MIB = 2 ** 20;
const LIMITS = {
  windowBytes: MIB,
  maxFrameBytes: MIB,
  maxValueBytes: 2 * MIB,
  helloTimeoutMs: 500,
  backoffMinMs: 1,
  backoffMaxMs: 20,
};
const SELECTION = uuid("55555555-dd20-5274-9050-b5d76d77a9ab");
const TO = { era: "e", seq: 1 };

describe("a replica shows nothing of, and fails over,", () => {
  test.each<[string, string, Play]>([
    ["batches before it is subscribed", "PROTOCOL_VIOLATION", (line) => batch(line, 1)],
    [
      "a step that is complete before its end",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        batch(line, 1);
        line.say({ type: "complete", id: 1, cursor: TO });
      },
    ],
    [
      "batches that are not numbered on",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        batch(line, 1);
        batch(line, 3);
      },
    ],
    [
      "two answers to what it asked once",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        subscribed(line);
      },
    ],
    [
      "a live step from nowhere",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        batch(line, 1, { to: TO }, []);
        batch(line, 2, { to: { era: "e", seq: 2 } });
      },
    ],
    [
      "a sum that is wrong, twice",
      "CHECKSUM_MISMATCH",
      async (line, { id }) => {
        subscribed(line, id);
        batch(line, 1, { id, to: TO, count: 7, fingerprint: 7n });
        const again = await line.next("subscribe");
        subscribed(line, again.id);
        batch(line, 1, { id: again.id, to: TO, count: 7, fingerprint: 7n });
      },
    ],
    ["messages for others", "PROTOCOL_VIOLATION", (line) => batch(line, 1, { id: 99 })],
    ["what only a replica says", "PROTOCOL_VIOLATION", (line) => line.say({ type: "pong" })],
    ["a second hello", "PROTOCOL_VIOLATION", (line) => line.say(HELLO)],
    [
      "a value without an end",
      "LIMIT_EXCEEDED",
      async (line) => {
        subscribed(line);
        const bytes = new Uint8Array(MIB / 4);
        for (let at = 0; line.isOpen; at++) {
          batch(line, at + 1, {}, [{ op: "part", key: "k", offset: at * bytes.length, bytes }]);
          await line.next("ack");
        }
      },
    ],
    [
      "a set of parts that did not come",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        batch(line, 1, {}, [{ ...cell("k", 1), value: undefined } as WireOperation]);
      },
    ],
    [
      "a body that is none",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        line.say(headOf(1), new Uint8Array(100).fill(0xff));
      },
    ],
    [
      "ranges that are none",
      "PROTOCOL_VIOLATION",
      (line) => {
        subscribed(line);
        line.say({ type: "reconcile", id: 1, ranges: [[[1, "a"], 1, [2 ** 53, "b"]]] });
      },
    ],
    ["text", "PROTOCOL_VIOLATION", (line) => line.socket.send("hello")],
    [
      "a frame that is larger than it takes",
      "FRAME_TOO_LARGE",
      (line) => {
        line.socket.send(new Uint8Array(MIB + 1));
      },
    ],
  ])("%s", async (_, code, play) => {
    const { store, told, faults } = await follow(await hostilePrimary(play));
    expect(await told(code)).toBe(true);
    expect(await contents(store)).toEqual([]);
    expect(faults()).toEqual([]);
  });
});

describe("a replica gives up", () => {
  test("a line on which nobody says hello, and one that tells of pings without time between", async () => {
    for (const hello of [undefined, { ...HELLO, pingMs: 0 }]) {
      const { told } = await follow(await mute(hello));
      expect(await told("HEARTBEAT_TIMEOUT")).toBe(true);
    }
  });

  test("who says to come again at once, each time a little later", async () => {
    let asked = 0;
    const address = await hostilePrimary(async (line, { id }) => {
      const failure = { code: "RETRY_LATER", message: "", retryable: true, afterMs: 0 };
      for (let at = id; ; at++) {
        asked++;
        line.say({ type: "error", id: at, ...failure });
        await line.next("subscribe");
      }
    });
    await follow(address);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(asked).toBeGreaterThan(1);
    // The longest wait is 20 ms, by chance anything up to it.
    expect(asked).toBeLessThan(500);
  });
});

async function follow(address: string) {
  const context = createSyncContext({ codec: CODEC, limits: LIMITS });
  const faults: SyncError[] = [];
  context.onEvent((event) => {
    if (event.type === "fault") faults.push(event.error);
  });
  const store = await MemoryStore.open({ codec: CODEC });
  const codes = new Set<string>();
  let look = () => undefined as void;
  const dialer = wsDialer(address, { WebSocket: NodeWebSocket, maxFrameBytes: MIB });
  context.subscribe(dialer, PLAIN_STORE, store, {
    onError: ({ code }) => {
      codes.add(code);
      look();
    },
  });
  onTestFinished(() => context.close());
  const told = (code: string) =>
    new Promise<boolean>((resolve) => {
      look = () => {
        if (codes.has(code)) resolve(true);
      };
      look();
    });
  return { store, told, faults: () => faults };
}

/** A server that says no more than this. */
async function mute(hello: MessageOf<"hello"> | undefined): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    if (hello !== undefined) socket.send(frameOf(hello));
  });
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return `ws://127.0.0.1:${port}`;
}

function subscribed(line: LyingLine, id = 1): void {
  line.say({
    type: "subscribed",
    id,
    era: "e",
    last: 1,
    plan: "all",
    selection: SELECTION,
    total: { entries: 2 ** 53 - 1, bytes: 2 ** 53 - 1 },
  });
}

function batch(
  line: LyingLine,
  number: number,
  head: Partial<MessageOf<"batch">> = {},
  operations: readonly WireOperation[] = [cell("k", 1)],
): void {
  if (line.isOpen) line.say({ ...headOf(number), ...head }, bodyOf(operations));
}

function headOf(number: number): MessageOf<"batch"> {
  return {
    type: "batch",
    id: 1,
    batch: number,
    position: undefined,
    from: undefined,
    to: undefined,
    tokens: undefined,
    count: undefined,
    fingerprint: undefined,
    mode: undefined,
  };
}

function bodyOf(operations: readonly WireOperation[]): Uint8Array {
  const writer = new BodyWriter(CODEC);
  for (const operation of operations) writer.add(operation);
  return writer.finish();
}

function cell(key: Edn, value: Edn): WireOperation {
  const bytes = encoded(CODEC, CODEC.encode(value));
  return { op: "cell", key, type: "edn", immutable: false, lastWrite: 1, value: bytes };
}

async function contents(store: MemoryStore): Promise<string[]> {
  const lines: string[] = [];
  for await (const { key } of store.keys()) lines.push(print(key));
  return lines;
}
