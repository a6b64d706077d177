import type { AddressInfo } from "node:net";
import { CLOSE_NUMBERS } from "@datahike-sync/transport-ws/client";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { closeOf, dial, serve } from "./ends.ts";

describe("a line that is closed with a code", () => {
  test("tells it with its number, or where it has none as the first word of the reason", async () => {
    const { server, next } = await serve();
    const codes = [...Object.keys(CLOSE_NUMBERS), "DONE", "SOMETHING_2", undefined];
    for (const code of codes) {
      for (const reason of [undefined, "why so", "a\nb DONE"]) {
        for (const isFromServer of [true, false]) {
          const near = await dial(server.address);
          const [closer, other] = isFromServer ? [await next(), near] : [near, await next()];
          const told = closeOf(other);
          await closer.close(code, reason);
          const expected = Object.entries({ code, reason }).filter(([, is]) => is !== undefined);
          expect(await told).toEqual(Object.fromEntries(expected));
        }
      }
    }
  });

  test("cuts a reason that is too long between two characters", async () => {
    const { server, next } = await serve();
    for (const code of ["RETRY_LATER", "DONE", undefined]) {
      const near = await dial(server.address);
      const told = closeOf(await next());
      const reason = "€".repeat(1000);
      await near.close(code, reason);
      const close = await told;
      expect(close.code).toBe(code);
      const length = code === "DONE" ? (123 - 5) / 3 : 123 / 3;
      expect(close.reason).toBe("€".repeat(Math.floor(length)));
    }
  });

  test("takes no code from a text that is none", async () => {
    const { server, next } = await serve();
    for (const code of ["not a code", "ünïcode", ""]) {
      const near = await dial(server.address);
      const told = closeOf(await next());
      await near.close(code, "reason");
      expect((await told).code).toBeUndefined();
    }
  });
});

test("numbers of other implementations and of proxies are told as what they mean", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const meanings: [number | undefined, object][] = [
    [undefined, {}],
    [1000, {}],
    [1001, {}],
    [1012, { code: "RETRY_LATER" }],
    [1013, { code: "RETRY_LATER" }],
    [1002, { code: "PROTOCOL_VIOLATION", error: { code: "TRANSPORT_CLOSED" } }],
    [1003, { code: "PROTOCOL_VIOLATION", error: { code: "TRANSPORT_CLOSED" } }],
    [1007, { code: "PROTOCOL_VIOLATION", error: { code: "TRANSPORT_CLOSED" } }],
    [1008, { code: "UNAUTHORIZED", error: { code: "TRANSPORT_CLOSED" } }],
    [1009, { code: "FRAME_TOO_LARGE", error: { code: "TRANSPORT_CLOSED" } }],
    [1011, { code: "INTERNAL", error: { code: "TRANSPORT_CLOSED" } }],
    [1014, { error: { code: "TRANSPORT_CLOSED" } }],
    [3000, { error: { code: "TRANSPORT_CLOSED" } }],
    [4101, { code: "UNAUTHORIZED", error: { code: "TRANSPORT_CLOSED" } }],
    [4999, { error: { code: "TRANSPORT_CLOSED" } }],
  ];
  for (const [number, meaning] of meanings) {
    server.once("connection", (socket) => socket.close(number));
    const close = await closeOf(await dial(`ws://127.0.0.1:${port}`));
    expect(close, `${number}`).toMatchObject(meaning);
    expect(Object.keys(close).toSorted()).toEqual(Object.keys(meaning).toSorted());
  }
  await new Promise((resolve) => server.close(resolve));
});
