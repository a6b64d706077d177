import { createServer } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { closeOf, codeOf, dial, serve } from "./ends.ts";
import { rawClient } from "./raw-client.ts";

describe("a body", () => {
  test("that waits on many lines is in memory once", async () => {
    const { server, next } = await serve();
    const far = await Promise.all(
      Array.from({ length: 40 }, async () => {
        await rawClient(server.address);
        return next();
      }),
    );
    const body = new Uint8Array(8 * 2 ** 20);
    const before = process.memoryUsage().arrayBuffers;
    // Twice, since what the system keeps for a socket may take the first.
    for (const line of [...far, ...far]) void line.send(Uint8Array.of(1), body).catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(body.length);
    for (const line of far) line.break();
  });
});

describe("who does not read", () => {
  test("holds its sender back, and is cut off beyond the queue", async () => {
    const limits = { maxFrameBytes: 2 ** 20, maxQueueBytes: 4 * 2 ** 20 };
    const { server, next } = await serve(limits);
    await rawClient(server.address);
    const far = await next();
    const message = () => new Uint8Array(2 ** 20);
    let sent = 0;
    const held = (async () => {
      for (;;) {
        await far.send(message());
        sent++;
      }
    })();
    await quiet(() => sent);
    const ended = closeOf(far);
    const codes = Array.from({ length: 5 }, () => codeOf(far.send(message())));
    expect(await Promise.all(codes)).toContain("LIMIT_EXCEEDED");
    expect((await ended).error?.code).toBe("LIMIT_EXCEEDED");
    expect(await codeOf(held)).toBe("TRANSPORT_CLOSED");
  });

  test("does not keep a line from being closed for ever", async () => {
    const { server, next } = await serve();
    await rawClient(server.address);
    const far = await next();
    void far.send(new Uint8Array(16 * 2 ** 20)).catch(() => {});
    await far.close("RETRY_LATER");
    expect((await closeOf(far)).error?.code).toBe("TRANSPORT_CLOSED");
  });
});

describe("a peer that dialled", () => {
  test("is held back while the server does not read, and goes on when it does", async () => {
    const http = createServer();
    const sockets: Socket[] = [];
    http.on("connection", (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      http.close();
    });
    const { server, next } = await serve({ server: http });
    const near = await dial(server.address);
    const far = await next();
    let received = 0;
    far.onMessage(() => received++);
    for (const socket of sockets) socket.pause();
    let sent = 0;
    const sending = (async () => {
      for (; sent < 40; sent++) await near.send(new Uint8Array(2 ** 20));
    })();
    await quiet(() => sent);
    expect(sent).toBeLessThan(40);
    for (const socket of sockets) socket.resume();
    await sending;
    await near.close();
    expect(received).toBe(40);
  });
});

/** Resolves when a count has not moved for some turns of the event loop. */
async function quiet(count: () => number): Promise<void> {
  for (let still = 0, last = -1; still < 25; still++) {
    await new Promise((resolve) => setTimeout(resolve, 4));
    if (count() !== last) still = 0;
    last = count();
  }
}
