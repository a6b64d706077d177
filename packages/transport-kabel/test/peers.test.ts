import type { Transport } from "@datahike-sync/core";
import { EdnMap, type Keyword, keyword } from "@datahike-sync/edn";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  type Connection,
  compose,
  connect,
  createClientPeer,
  createServerPeer,
  type LinkEvent,
  linkOf,
  type Middleware,
  type PeerOptions,
  through,
} from "@datahike-sync/transport-kabel";
import { expect, onTestFinished, test } from "vitest";
import { ends, until } from "./follow-ends.ts";

const TYPE = keyword("type");
const N = keyword("n");
const A = keyword("a");
const B = keyword("b");

const message = (type: Keyword, n: number) =>
  new EdnMap([
    [TYPE, type],
    [N, n],
  ]);

/** A peer that dials and one that is dialed, and their ends of one line. */
async function joined(
  options: PeerOptions = {},
): Promise<{ near: Connection; far: Connection; server: ChannelServer }> {
  const server = new ChannelServer();
  const serving = createServerPeer(server, options);
  const client = createClientPeer();
  onTestFinished(async () => {
    await client.close();
    await serving.close();
    await server.close();
  });
  const taken = new Promise<Connection>((resolve) => serving.onConnection(resolve));
  return { near: await connect(client, server.dial), far: await taken, server };
}

test("messages go to all who asked for their type, and to nobody else", async () => {
  const { near, far } = await joined();
  const heard: string[] = [];
  const off = far.on([A], (map) => heard.push(`first ${Number(map.get(N))}`));
  far.on([A, B], (map, bytes) => heard.push(`second ${Number(map.get(N))} ${bytes > 10}`));
  await near.send(message(A, 1));
  await near.send(message(keyword("c"), 2));
  await near.send(message(B, 3));
  await until(() => heard.length === 3);
  off();
  await near.send(message(A, 4));
  await until(() => heard.length === 4);
  expect(heard).toEqual(["first 1", "second 1 true", "second 3 true", "second 4 true"]);
});

test("messages that come before anybody asks wait, and none is given within the asking", async () => {
  const { near, far } = await joined();
  await near.send(message(A, 1));
  await near.send(message(B, 2));
  const heard: unknown[] = [];
  far.on([A], (map) => heard.push(map.get(N)));
  far.on([B], (map) => heard.push(map.get(N)));
  expect(heard).toEqual([]);
  await until(() => heard.length === 2);
  expect(heard).toEqual([1, 2]);
});

test("a listener that throws ends the line", async () => {
  const { near, far } = await joined();
  const closed = new Promise((resolve) => near.onClose(resolve));
  far.on([A], () => {
    throw new Error("the listener's fault");
  });
  await near.send(message(A, 1));
  expect(await closed).toMatchObject({ code: "INTERNAL" });
  expect(far.state).toBe("closed");
});

test("middleware sees what passes, the last of it nearest to the wire", async () => {
  const path: string[] = [];
  const marked =
    (name: string): Middleware =>
    (line) =>
      through(line, {
        receive: (map, bytes, pass) => {
          path.push(`${name} in`);
          pass(map, bytes);
        },
        send: (map, pass) => {
          path.push(`${name} out`);
          return pass(map);
        },
      });
  const { near, far } = await joined({ middleware: compose(marked("outer"), marked("inner")) });
  far.on([A], (map) => void far.send(map));
  const answered = new Promise<void>((resolve) => near.on([A], () => resolve()));
  await near.send(message(A, 1));
  await answered;
  expect(path).toEqual(["inner in", "outer in", "outer out", "inner out"]);
});

test("middleware can keep messages, change them and say who is there", async () => {
  const middleware: Middleware = (line) =>
    through(line, {
      receive: (map, bytes, pass) => {
        if (map.get(N) !== 1) pass(map.with(N, 0), bytes);
      },
      peer: () => ({ principal: "ada" }),
    });
  const { near, far } = await joined({ middleware });
  const heard: unknown[] = [];
  far.on([A], (map) => heard.push(map.get(N)));
  await near.send(message(A, 1));
  await near.send(message(A, 2));
  await until(() => heard.length === 1);
  expect(heard).toEqual([0]);
  expect(far.peer.principal).toBe("ada");
});

test("a peer has an id and any number of connections, and closes them all", async () => {
  const { peer, server } = ends();
  const [first, second] = [await peer.connect(server.dial), await peer.connect(server.dial)];
  expect(peer.connections).toEqual(new Set([first, second]));
  expect(String(peer.id)).not.toBe(String(createClientPeer().id));
  await first.close();
  await until(() => peer.connections.size === 1);
  await peer.close();
  expect([second.state, peer.connections.size]).toEqual(["closed", 0]);
  const late = await peer.connect(server.dial);
  expect(late.state).toBe("closed");
});

test("a dialer that fails and a signal that aborts are what connecting rejects with", async () => {
  const { peer } = ends();
  const closed = new ChannelServer();
  await expect(peer.connect(closed.dial)).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  const signal = AbortSignal.abort(new Error("no longer wanted"));
  await expect(peer.connect(closed.dial, { signal })).rejects.toThrow("no longer wanted");
});

test("a link dials again when its line ends, and not when it was closed", async () => {
  const { peer, server, next } = ends();
  const events: string[] = [];
  const link = peer.link(server.dial);
  link.on((event) => events.push(told(event)));
  const first = await next();
  await until(() => link.connection !== undefined);
  first.break();
  const second = await next();
  await until(() => link.connection !== undefined);
  await link.close();
  await until(() => second.state === "closed");
  expect(events).toEqual(["up", "down TRANSPORT_CLOSED", "up", "down ABORTED"]);
  const late = await new Promise<LinkEvent>((resolve) => link.on(resolve));
  expect(late).toMatchObject({ type: "down", isLost: true, error: { code: "ABORTED" } });
  expect(link.connection).toBe(undefined);
});

test("a link tells those who come late of the line that is open", async () => {
  const { peer, server, next } = ends();
  const link = peer.link(server.dial);
  await next();
  await until(() => link.connection !== undefined);
  const event = await new Promise<LinkEvent>((resolve) => link.on(resolve));
  expect(event).toEqual({ type: "up", connection: link.connection });
  await link.close();
});

test("a link keeps trying while nobody answers, with waits that double and end early", async () => {
  const waits: number[] = [];
  let wake = () => {};
  const { peer } = ends({
    backoffMs: { min: 100, max: 1000 },
    random: () => 0.5,
    clock: {
      now: () => 0,
      after: (delayMs, job) => {
        waits.push(delayMs);
        if (waits.length < 6) queueMicrotask(job);
        return () => {};
      },
    },
    onWake: (listener) => {
      wake = listener;
      return () => {};
    },
  });
  const link = peer.link(new ChannelServer().dial);
  await until(() => waits.length === 6);
  wake();
  await until(() => waits.length === 7);
  expect(waits).toEqual([50, 100, 200, 400, 500, 500, 50]);
  wake();
  await link.close();
});

test("a link is lost over a codec that the other side does not have", async () => {
  const { peer, server, next } = ends();
  const link = peer.link(server.dial);
  link.on((event) => {
    if (event.type === "up") event.connection.on([A], () => {});
  });
  const down = new Promise<LinkEvent>((resolve) =>
    link.on((event) => {
      if (event.type === "down") resolve(event);
    }),
  );
  const far: Transport = await next();
  await far.send(Uint8Array.of(0, 0, 0, 14, 1));
  expect(await down).toMatchObject({ isLost: true, error: { code: "UNKNOWN_CODEC" } });
  await link.close();
});

test("a connection as a link is there until it ends, and is not closed with it", async () => {
  const { near } = await joined();
  const link = linkOf(near);
  const events: string[] = [];
  link.on((event) => events.push(told(event)));
  await until(() => events.length === 1);
  await link.close();
  expect(near.state).toBe("open");
  await near.close();
  await until(() => events.length === 2);
  expect(events).toEqual(["up", "down TRANSPORT_CLOSED"]);
  expect(link.connection).toBe(undefined);
});

function told(event: LinkEvent): string {
  return event.type === "up" ? "up" : `down ${event.error.code}`;
}
