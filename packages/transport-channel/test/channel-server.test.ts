import type { Transport } from "@datahike-sync/core";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { describe, expect, test } from "vitest";
import { settled, VirtualClock } from "./virtual-clock.ts";

describe("a server of channels", () => {
  test("gives whoever dials a line to its listener", async () => {
    const server = new ChannelServer();
    const received: string[] = [];
    server.onConnection((line) => {
      line.onMessage((message) => received.push(new TextDecoder().decode(message)));
    });
    const line = await server.dial();
    await line.send(new TextEncoder().encode("hello"));
    await line.close();
    expect(received).toEqual(["hello"]);
  });

  test("loses no message that it sends at once", async () => {
    const server = new ChannelServer();
    server.onConnection((line) => void line.send(Uint8Array.of(1)));
    const line = await server.dial();
    await settled();
    const messages: Uint8Array[] = [];
    line.onMessage((message) => messages.push(message));
    await settled();
    expect(messages).toEqual([Uint8Array.of(1)]);
  });

  test("knows who dialled, and tells those who dial only where it is", async () => {
    const server = new ChannelServer();
    const lines = accept(server);
    const [anonymous, ada] = [await server.dial(), await server.dialAs({ user: "ada" })()];
    expect(lines.map(({ peer }) => peer.principal)).toEqual([undefined, { user: "ada" }]);
    expect([anonymous.peer, ada.peer]).toEqual([{ address: "channel" }, { address: "channel" }]);
  });

  test("refuses lines without a listener, and after it was closed", async () => {
    const server = new ChannelServer();
    const refused = { code: "TRANSPORT_CLOSED" };
    await expect(server.dial()).rejects.toMatchObject(refused);
    const stop = server.onConnection(() => {});
    await server.dial();
    stop();
    await expect(server.dial()).rejects.toMatchObject(refused);
    server.onConnection(() => {});
    await server.close();
    await expect(server.dial()).rejects.toMatchObject(refused);
  });

  test("closes its lines when it is closed, which may be done again", async () => {
    const server = new ChannelServer();
    accept(server);
    const lines = [await server.dial(), await server.dial()];
    await lines[0]?.close();
    await Promise.all([server.close(), server.close()]);
    expect(lines.map(({ state }) => state)).toEqual(["closed", "closed"]);
  });

  test("is closed when it is disposed of", async () => {
    const server = new ChannelServer();
    accept(server);
    const line = await server.dial();
    await server[Symbol.asyncDispose]();
    expect(line.state).toBe("closed");
  });

  test("breaks the line that a listener of connections could not take", async () => {
    const server = new ChannelServer();
    const fault = new Error("the listener's fault");
    const told: unknown[] = [];
    server.onConnection((line) => {
      line.onClose(({ error }) => told.push(error));
      throw fault;
    });
    const line = await server.dial();
    await settled();
    expect(line.state).toBe("closed");
    expect(told).toMatchObject([{ code: "INTERNAL", cause: fault }]);
  });

  test("refuses options out of their range", () => {
    expect(() => new ChannelServer({ latencyMs: -1 })).toThrow(RangeError);
    expect(() => new ChannelServer({}, { loss: 2 })).toThrow(RangeError);
  });
});

describe("dialling", () => {
  test("takes one latency there and one back", async () => {
    const clock = new VirtualClock();
    const server = new ChannelServer({ clock, latencyMs: 10 }, { clock, latencyMs: 20 });
    const lines = accept(server);
    let line: Transport | undefined;
    const dialled = server.dial().then((opened) => (line = opened));
    await clock.moveTo(9);
    expect(lines.length).toBe(0);
    await clock.moveTo(29);
    expect([lines.length, line]).toEqual([1, undefined]);
    await clock.moveTo(30);
    expect(line).toBe(await dialled);
  });

  test("ends with the reason of its signal, wherever it is", async () => {
    const clock = new VirtualClock();
    const server = new ChannelServer({ clock, latencyMs: 10 });
    const lines = accept(server);
    const reason = new Error("changed my mind");
    for (const time of [0, 5, 15]) {
      const controller = new AbortController();
      const start = clock.now();
      if (time === 0) controller.abort(reason);
      const dialled = server.dial({ signal: controller.signal }).catch((error: unknown) => error);
      await clock.moveTo(start + time);
      controller.abort(reason);
      expect(await dialled).toBe(reason);
    }
    expect(lines.map(({ state }) => state)).toEqual(["closed"]);
    expect(clock.pending).toBe(0);
  });
});

function accept(server: ChannelServer): Transport[] {
  const lines: Transport[] = [];
  server.onConnection((line) => lines.push(line));
  return lines;
}
