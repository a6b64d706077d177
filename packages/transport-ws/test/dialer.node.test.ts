import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { codeOf, dial, serve } from "./ends.ts";

describe("a dialer", () => {
  test("refuses what can never be a server", () => {
    const urls = ["http://localhost", "/path", "localhost:80", "ws://localhost/#part", ""];
    for (const url of urls) {
      expect(() => wsDialer(url, { WebSocket: NodeWebSocket })).toThrow(TypeError);
    }
  });

  test.runIf(globalThis.WebSocket === undefined)("says so where there is no WebSocket", () => {
    expect(() => wsDialer("ws://localhost")).toThrow(/this platform has no WebSocket/);
  });

  test("takes a URL as text and as an object, and makes a line at each call", async () => {
    const { server, next } = await serve();
    const dialer = wsDialer(new URL(server.address), { WebSocket: NodeWebSocket });
    const [one, two] = [await dialer(), await dialer()];
    expect(one).not.toBe(two);
    expect(await next()).not.toBe(await next());
  });

  test("rejects with TRANSPORT_CLOSED where nobody is, and where somebody else is", async () => {
    const { server } = await serve({ protocols: ["datahike-sync.v1.edn"] });
    expect(await codeOf(dial(server.address))).toBe("TRANSPORT_CLOSED");
    await server.close();
    expect(await codeOf(dial(server.address))).toBe("TRANSPORT_CLOSED");
  });
});

describe("an attempt at a server that never answers", () => {
  test("ends when its time is over, and leaves no socket behind", async () => {
    const { address, next } = await silentServer();
    const attempt = dial(address, { connectTimeoutMs: 50 });
    const { gone } = await next();
    await expect(attempt).rejects.toMatchObject({
      code: "TRANSPORT_CLOSED",
      details: { limit: "connectTimeoutMs", max: 50 },
    });
    await gone;
  });

  test("rejects with the reason of who no longer wants it, and leaves no socket behind", async () => {
    const { address, next } = await silentServer();
    const dialer = wsDialer(address, { WebSocket: NodeWebSocket });
    const abort = new AbortController();
    const attempt = dialer({ signal: abort.signal });
    const { gone } = await next();
    abort.abort(REASON);
    await expect(attempt).rejects.toBe(REASON);
    await gone;
    await expect(dialer({ signal: abort.signal })).rejects.toBe(REASON);
  });

  test("ends while it waits for its token, which is told", async () => {
    const { address, count } = await silentServer();
    const abort = new AbortController();
    let signal: AbortSignal | undefined;
    const dialer = wsDialer(address, {
      WebSocket: NodeWebSocket,
      token: (options) => {
        signal = options.signal;
        return new Promise(() => {});
      },
    });
    const attempt = dialer({ signal: abort.signal });
    abort.abort(REASON);
    await expect(attempt).rejects.toBe(REASON);
    expect([signal?.aborted, count()]).toEqual([true, 0]);
  });
});

test("a line does not end when the signal of its attempt aborts afterwards", async () => {
  const { server, next } = await serve();
  const abort = new AbortController();
  const near = await wsDialer(server.address, { WebSocket: NodeWebSocket })(abort);
  const far = await next();
  abort.abort();
  await near.send(Uint8Array.of(1));
  await new Promise<void>((resolve) => far.onMessage(() => resolve()));
  expect(near.state).toBe("open");
});

const REASON = new Error("never mind");

/** Takes connections and says nothing on them. */
async function silentServer(): Promise<{
  address: string;
  count: () => number;
  next: () => Promise<{ gone: Promise<unknown> }>;
}> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.on("error", () => {});
    // Who does not read does not learn that the other end has left.
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const next = async () => {
    const [socket] = (await once(server, "connection")) as [Socket];
    return { gone: once(socket, "close") };
  };
  return { address: `ws://127.0.0.1:${port}`, count: () => count, next };
}
