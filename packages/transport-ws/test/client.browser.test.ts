import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createReplicaContext, type TransportClose } from "@datahike-sync/core";
import { storeId } from "@datahike-sync/core/store-id";
import { MemoryStore } from "@datahike-sync/store-memory";
import {
  type WsDialerOptions,
  type WsTransport,
  wsDialer,
} from "@datahike-sync/transport-ws/client";
import { describe, expect, inject, onTestFinished, test } from "vitest";

describe("a browser's WebSocket", () => {
  test("brings its token as the first frame", async () => {
    const line = await dial({ token: async () => "ada" });
    expect(await answer(line, "who am I")).toBe("ada");
  });

  test("is told UNAUTHORIZED when its token is refused, and when it expires", async () => {
    expect(await closeOf(await dial({ token: "refused" }))).toEqual({ code: "UNAUTHORIZED" });
    const close = { code: "UNAUTHORIZED", reason: "the credentials expired" };
    expect(await closeOf(await dial({ token: "expires" }))).toEqual(close);
  });

  test("is told the code of a close, and of a break that there is none", async () => {
    for (const code of ["RETRY_LATER", "DONE"]) {
      const line = await dial();
      const told = closeOf(line);
      await line.send(text(`close ${code}`));
      expect(await told).toEqual({ code, reason: "as you said" });
    }
    const line = await dial();
    const told = closeOf(line);
    await line.send(text("break"));
    expect((await told).error?.code).toBe("TRANSPORT_CLOSED");
  });

  test("takes and gives megabytes, and waits while they leave", async () => {
    const line = await dial();
    const message = new Uint8Array(8 * 2 ** 20);
    for (let i = 0; i < message.length; i += 4096) message[i] = i / 4096;
    const echoes: Uint8Array[] = [];
    const echoed = new Promise<void>((resolve) => {
      line.onMessage((echo) => {
        echoes.push(echo);
        if (echoes.length === 8) resolve();
      });
    });
    for (let i = 0; i < 8; i++) await line.send(message.slice(0, 10), message.subarray(10));
    await echoed;
    for (const echo of echoes) {
      expect(echo.length).toBe(message.length);
      expect(echo.every((byte, at) => byte === message[at])).toBe(true);
    }
  });

  test("that reaches nobody says so, also in time", async () => {
    // A port at which nothing can listen.
    const refused = wsDialer("ws://127.0.0.1:1/");
    await expect(refused()).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    const abort = new AbortController();
    const attempt = wsDialer(`ws://${inject("transportWs")}/lines`)(abort);
    const reason = new Error("never mind");
    abort.abort(reason);
    await expect(attempt).rejects.toBe(reason);
  });
});

test("the engine follows a server from a browser, live, and after its socket was destroyed", async () => {
  const codec = msgpackCodec();
  const till = await MemoryStore.open({ codec });
  const context = createReplicaContext({ codec, limits: { backoffMinMs: 1 } });
  onTestFinished(() => context.close());
  const dialer = wsDialer(`ws://${inject("transportWs")}/shop`);
  const events: string[] = [];
  context.onEvent(({ type }) => events.push(type));
  const subscription = context.subscribe(dialer, storeId({ id: "shop" }), till);
  await subscription.synced();
  expect(await till.get("key 1999")).toBe(1999);
  for (let i = 1; i <= 3; i++) {
    await changes(3);
    await fetch(`http://${inject("transportWs")}/cut-shop`, { mode: "no-cors" });
    await changes(3);
    expect(subscription.stats().reconnects).toBe(i);
  }
  expect(events).toContain("line-opened");
  expect(context.stats()).toEqual({ subscriptions: 1 });
  await context.close();
  expect(subscription.status.phase).toBe("closed");
  expect(() => context.subscribe(dialer, storeId({ id: "shop" }), till)).toThrow(TypeError);

  /** Waits for live commits. */
  async function changes(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let left = count;
      const off = subscription.onKey("count", () => {
        if (--left > 0) return;
        off();
        resolve();
      });
    });
  }
});

function dial(options?: WsDialerOptions): Promise<WsTransport> {
  return wsDialer(`ws://${inject("transportWs")}/lines`, options)();
}

function closeOf(line: WsTransport): Promise<TransportClose> {
  return new Promise((resolve) => {
    line.onClose(resolve);
  });
}

async function answer(line: WsTransport, question: string): Promise<string> {
  const answered = new Promise<string>((resolve) => {
    line.onMessage((message) => resolve(new TextDecoder().decode(message)));
  });
  await line.send(text(question));
  return answered;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
