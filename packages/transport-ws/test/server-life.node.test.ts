import { once } from "node:events";
import { listen } from "@datahike-sync/transport-ws/server";
import { describe, expect, test } from "vitest";
import { closeOf, codeOf, dial, serve, text, texts } from "./ends.ts";
import { knock, rawClient } from "./raw-client.ts";

describe("drain", () => {
  test("takes nobody any more and sends everybody elsewhere, one after the other", async () => {
    const { server, next } = await serve();
    const lines = await Promise.all(Array.from({ length: 20 }, () => dial(server.address)));
    for (const _ of lines) await next();
    const times: number[] = [];
    const closes = lines.map(async (line) => {
      const close = await closeOf(line);
      times.push(performance.now());
      return close;
    });
    const started = performance.now();
    const drained = server.drain({ overMs: 300 });
    expect(await codeOf(dial(server.address))).toBe("TRANSPORT_CLOSED");
    for (const close of await Promise.all(closes)) expect(close).toEqual({ code: "RETRY_LATER" });
    await drained;
    const [first, last] = [Math.min(...times) - started, Math.max(...times) - started];
    expect(last).toBeLessThan(300 + 3000);
    expect(last - first).toBeGreaterThan(50);
  });

  test("answers 503 and says when to come again, until the server is closed", async () => {
    const { server } = await serve();
    await server.drain();
    const [status, headers] = await handshake(server.address);
    expect(status).toBe("HTTP/1.1 503 Service Unavailable");
    expect(headers).toContain("Retry-After: 5");
    await server.close();
    expect(await codeOf(handshake(server.address))).toBe("ECONNREFUSED");
  });

  test("serves each line until its turn comes, and is over at once when all have left", async () => {
    const { server, next } = await serve();
    const near = await dial(server.address);
    const far = await next();
    const drained = server.drain({ overMs: 60_000 });
    await near.send(text("still here"));
    expect(await texts(far, 1)).toEqual(["still here"]);
    await near.close();
    await drained;
  });
});

describe("a line of which nothing is heard", () => {
  test("is closed with HEARTBEAT_TIMEOUT when pings stay unanswered", async () => {
    const { server, next } = await serve({ pingMs: 50 });
    const socket = await rawClient(server.address);
    const far = await next();
    const started = performance.now();
    expect((await closeOf(far)).error?.code).toBe("HEARTBEAT_TIMEOUT");
    // Four pings, and what a busy machine adds.
    expect(performance.now() - started).toBeLessThan(4 * 50 + 3000);
    socket.resume();
    await once(socket, "close");
  });

  test("stays while it answers, though it says nothing else", async () => {
    const { server, next } = await serve({ pingMs: 20 });
    const near = await dial(server.address);
    const far = await next();
    let ends = 0;
    for (const line of [near, far]) line.onClose(() => ends++);
    // Longer than it takes to give up another one.
    const silent = await rawClient(server.address);
    silent.resume();
    await once(silent, "close");
    expect([ends, near.state, far.state]).toEqual([0, "open", "open"]);
  });
});

describe("a server that is closed", () => {
  test("waits for nobody whose authentication is under way", async () => {
    const server = await listen({
      host: "127.0.0.1",
      authenticate: () => new Promise(() => {}),
    });
    server.onConnection(() => {});
    const attempt = codeOf(dial(server.address));
    const near = await dial(server.address, { token: "t" });
    const told = closeOf(near);
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(4000);
    expect(await attempt).toBe("TRANSPORT_CLOSED");
    expect((await told).error?.code).toBe("TRANSPORT_CLOSED");
  });
});

/** The lines of the answer to a request to become a WebSocket. */
async function handshake(address: string): Promise<[status: string, headers: string[]]> {
  const socket = knock(address);
  let answer = "";
  await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", resolve);
    socket.on("data", (bytes) => {
      answer += bytes;
    });
  });
  const [status = "", ...headers] = answer.split("\r\n");
  return [status, headers];
}
