import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { closeOf, dial, serve, text } from "./ends.ts";
import { rawClient } from "./raw-client.ts";

const PROTOCOL = "datahike-sync.v1.msgpack";

describe("a server", () => {
  test("ends a line at once on a message beyond maxFrameBytes, before it holds it, and says so", async () => {
    const { server, next } = await serve({ maxFrameBytes: 1000 });
    const near = await dial(server.address);
    const far = await next();
    const [here, there] = [closeOf(near), closeOf(far)];
    await near.send(new Uint8Array(1001));
    expect((await there).error?.code).toBe("FRAME_TOO_LARGE");
    expect(await here).toMatchObject({ code: "FRAME_TOO_LARGE", error: {} });
  });

  test("ends a line at once on what is no frame", async () => {
    const { server, next } = await serve();
    for (const bytes of [
      [0xff, 0xff],
      [0x82, 0x01, 0x00],
      [0x80, 0x80, 1, 2, 3, 4],
      [0x83, 0x80],
    ]) {
      const socket = await rawClient(server.address);
      const ended = closeOf(await next());
      socket.write(Uint8Array.from(bytes));
      expect((await ended).error?.code).toBe("PROTOCOL_VIOLATION");
    }
  });

  test("ends a line on a text that is none of its business", async () => {
    const { server, next } = await serve();
    const socket = new WebSocket(server.address, PROTOCOL);
    socket.on("open", () => socket.send("hello"));
    expect((await closeOf(await next())).error?.code).toBe("PROTOCOL_VIOLATION");
  });

  test("is closed soon, though somebody who broke the rules does not leave", async () => {
    const { server, next } = await serve();
    const socket = new WebSocket(server.address, PROTOCOL);
    socket.on("open", () => {
      socket.send("hello");
      socket.pause();
    });
    await closeOf(await next());
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(4000);
  });
});

describe("a dialer's line", () => {
  test("ends at once on a message beyond its maxFrameBytes", async () => {
    const { server, next } = await serve();
    const near = await dial(server.address, { maxFrameBytes: 1000 });
    const ended = closeOf(near);
    await (await next()).send(text("head"), new Uint8Array(1000));
    expect((await ended).error?.code).toBe("FRAME_TOO_LARGE");
  });
});
