import type { Dialer } from "@datahike-sync/core";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { Line } from "../src/page/line.ts";

let server: ChannelServer;

beforeEach(() => {
  const opened = new ChannelServer();
  server = opened;
  opened.onConnection(() => undefined);
  onTestFinished(() => opened.close());
});

test("a line that is cut ends, and cannot be dialed until it is mended", async () => {
  const line = new Line(server.dial);
  const transport = await line.dial();
  const ended = new Promise((resolve) => transport.onClose(resolve));
  line.cut();
  expect(await ended).toEqual({});
  await expect(line.dial()).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  line.mend();
  expect((await line.dial()).state).toBe("open");
});

test("a line that is cut while it is dialed is not handed out", async () => {
  let open = () => {};
  const dialed: Awaited<ReturnType<Dialer>>[] = [];
  const line = new Line(async () => {
    await new Promise<void>((resolve) => {
      open = resolve;
    });
    const transport = await server.dial();
    dialed.push(transport);
    return transport;
  });
  const attempt = line.dial();
  line.cut();
  open();
  await expect(attempt).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  expect(dialed.map(({ state }) => state)).toEqual(["closed"]);
});

test("who waits to dial again is told when the line is mended, until they stop listening", () => {
  const line = new Line(server.dial);
  let told = 0;
  const stop = line.onWake(() => told++);
  line.cut();
  expect(told).toBe(0);
  line.mend();
  expect(told).toBe(1);
  stop();
  line.mend();
  expect(told).toBe(1);
});
