import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type SyncError, type SyncStatus } from "@datahike-sync/core";
import { print } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { type Authenticate, NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { serve } from "./ends.ts";

const codec = msgpackCodec();

describe("the engine over a WebSocket", () => {
  test("brings everything, follows live, and goes on after its socket was destroyed", async () => {
    const { shop, till, subscription, line } = await follow();
    await subscription.synced();
    expect(await contents(till)).toEqual(await contents(shop));
    for (let i = 0; i < 5; i++) {
      (await line()).break();
      const { cursor } = await shop.write([
        { op: "set", key: "apples", value: i },
        { op: "delete", key: `key ${i}` },
      ]);
      if (cursor !== undefined) await subscription.awaitCursor(cursor);
      expect(await contents(till)).toEqual(await contents(shop));
    }
    expect(subscription.stats().reconnects).toBeGreaterThanOrEqual(5);
    expect(subscription.status.phase).toBe("live");
  });

  test("comes back by itself with a new token when the old one has expired", async () => {
    let issued = 0;
    const authenticate: Authenticate = ({ token }) =>
      token === `token ${issued}`
        ? { principal: token, expiresAt: new Date(Date.now() + 300) }
        : undefined;
    const { shop, till, subscription, phases } = await follow(authenticate, () => {
      issued++;
      return `token ${issued}`;
    });
    for (let i = 0; issued < 4; i++) {
      const { cursor } = await shop.set("apples", i);
      if (cursor !== undefined) await subscription.awaitCursor(cursor);
    }
    expect(await contents(till)).toEqual(await contents(shop));
    expect(phases).not.toContain("failed");
  });

  test("says why while it is refused, and comes in as soon as it is not", async () => {
    let isAllowed = false;
    const { subscription, errors } = await follow(
      () => (isAllowed ? { principal: 1 } : undefined),
      () => "token",
    );
    await new Promise<void>((resolve) => {
      const off = subscription.on({
        onStatus: ({ error }) => {
          if (error?.code !== "UNAUTHORIZED") return;
          off();
          resolve();
        },
      });
    });
    isAllowed = true;
    await subscription.synced();
    expect(errors).toContain("UNAUTHORIZED");
  });

  test("finds the next server when one is drained", async () => {
    const { server, shop, primary, subscription, till } = await follow();
    await subscription.synced();
    const port = Number(new URL(server.address).port);
    await server.drain({ overMs: 10 });
    await server.close();
    const successor = await serve({ port });
    primary.serve(successor.server);
    const { cursor } = await shop.set("apples", "of the next server");
    if (cursor !== undefined) await subscription.awaitCursor(cursor);
    expect(await contents(till)).toEqual(await contents(shop));
  });
});

/** A primary with 500 entries behind a server, and a replica that follows it. */
async function follow(authenticate?: Authenticate, token?: () => string) {
  const { server, next } = await serve({ authenticate });
  const limits = { backoffMinMs: 1, backoffMaxMs: 50 };
  const [shop, till] = [await MemoryStore.open({ codec }), await MemoryStore.open({ codec })];
  const operations = Array.from({ length: 500 }, (_, i) => {
    return { op: "set" as const, key: `key ${i}`, value: new Uint8Array(200).fill(i) };
  });
  await shop.write(operations);
  const primary = createSyncContext({ codec });
  const { storeId } = primary.registerStore(shop, { id: "shop" });
  primary.serve(server);
  const replica = createSyncContext({ codec, limits });
  const phases: SyncStatus["phase"][] = [];
  const errors: string[] = [];
  const dialer = wsDialer(server.address, { WebSocket: NodeWebSocket, token });
  const subscription = replica.subscribe(dialer, storeId, till, {
    onStatus: ({ phase }) => phases.push(phase),
    onError: ({ code }: SyncError) => errors.push(code),
  });
  onTestFinished(async () => {
    await replica.close();
    await primary.close();
  });
  return { server, shop, till, primary, subscription, phases, errors, line: next };
}

/** What is in a store, a line for each entry. */
async function contents(store: MemoryStore): Promise<string[]> {
  const lines: string[] = [];
  for await (const { key } of store.keys()) {
    lines.push(`${print(key)} ${print((await store.get(key)) ?? null)}`);
  }
  return lines.toSorted();
}
