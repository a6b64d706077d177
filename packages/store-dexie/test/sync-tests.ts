/** The engine on the store, wherever there is an IndexedDB. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  createSyncContext,
  type Operation,
  type Store,
  type Subscription,
  type SyncContext,
} from "@datahike-sync/core";
import { print, type Uuid, uuid } from "@datahike-sync/edn";
import { DexieStore } from "@datahike-sync/store-dexie";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";
import { describe, expect, onTestFinished, test } from "vitest";
import { erase, newName } from "./suites.ts";
import { watch } from "./watched.ts";

const codec = msgpackCodec();
const STORE_ID = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");

export function syncTests(): void {
  describe("sync", () => {
    test("writes a megabyte at a time, each strictly", async () => {
      const primary = await serve();
      await primary.store.write(nodes(0, 3_000, 1_000));
      const replica = await open(newPlace());
      const { durabilities } = watch();
      const { subscription } = follow(replica, primary);
      await subscription.synced();
      expect(new Set(durabilities)).toEqual(new Set(["strict"]));
      // Three of a megabyte, and what a subscription says of itself before and after.
      expect(durabilities.length).toBeLessThanOrEqual(6);
      expect(await texts(replica)).toEqual(await texts(primary.store));
    });

    test("is strict beside local writes that are not", async () => {
      const primary = await serve();
      const replica = await open(newPlace());
      const { subscription } = follow(replica, primary);
      await subscription.synced();
      const { durabilities } = watch();
      const { cursor } = await primary.store.set("a", 1);
      if (cursor !== undefined) await subscription.awaitCursor(cursor);
      await replica.write([{ op: "set", key: "mine", value: 1 }], { relaxed: true });
      const later = await primary.store.set("a", 2);
      if (later.cursor !== undefined) await subscription.awaitCursor(later.cursor);
      expect(durabilities).toEqual(["strict", "relaxed", "strict"]);
    });

    test("keeps both of two tabs current, and the cursor never goes back", async () => {
      const primary = await serve();
      const name = newPlace();
      const tabs = await Promise.all([open(name), open(name)]);
      const followed = tabs.map((store) => follow(store, primary));
      await Promise.all(followed.map(({ subscription }) => subscription.synced()));
      for (let round = 0; round < 20; round++) {
        const writing = nodes(round * 10, 10, 100);
        const { cursor } = await primary.store.write([
          ...writing,
          { op: "set", key: "last", value: round },
          { op: "delete", key: `node-${round * 10 - 3}` },
        ]);
        if (cursor === undefined) throw new Error("nothing was written");
        await Promise.all(followed.map(({ subscription }) => subscription.awaitCursor(cursor)));
        for (const store of tabs) expect(await store.get("last")).toBe(round);
      }
      for (const { cursors, told } of followed) {
        expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
        expect(told.at(-1)).toBe(19);
        expect(told).toEqual(told.toSorted((a, b) => Number(a) - Number(b)));
      }
      for (const store of tabs) expect(await texts(store)).toEqual(await texts(primary.store));
    });

    test("sends on what another tab has written", async () => {
      const name = newPlace();
      const [one, two] = await Promise.all([open(name), open(name)]);
      const primary = await serve(one);
      const replica = await open(newPlace());
      const { subscription } = follow(replica, primary);
      await subscription.synced();
      const { cursor } = await two.set("a", 1);
      if (cursor !== undefined) await subscription.awaitCursor(cursor);
      expect(await replica.get("a")).toBe(1);
    });

    test("ends when the database is erased, and begins from the start in a new one", async () => {
      const primary = await serve();
      await primary.store.write(nodes(0, 50, 100));
      const name = newPlace();
      const replica = await open(name);
      const { subscription, context } = follow(replica, primary);
      await subscription.synced();
      await erase(name);
      const failed = new Promise((resolve) => subscription.on({ onError: resolve }));
      await primary.store.set("after", 1);
      expect(await failed).toMatchObject({ code: "STORE_NOT_FOUND" });
      expect(subscription.status).toMatchObject({ phase: "failed" });
      const again = await open(name);
      const next = context.subscribe(primary.server.dial, STORE_ID, again);
      await next.synced();
      expect(await texts(again)).toEqual(await texts(primary.store));
    });
  });
}

interface Primary {
  readonly store: Store;
  readonly server: ChannelServer;
}

async function serve(given?: Store): Promise<Primary> {
  const store = given ?? (await MemoryStore.open({ codec }));
  const server = new ChannelServer();
  const context = closing(createSyncContext({ codec, limits: { pollMs: 50 } }));
  context.registerStore(store, STORE_ID);
  context.serve(server);
  return { store, server };
}

interface Followed {
  readonly subscription: Subscription;
  readonly context: SyncContext;
  /** The commits of the primary that this tab stood at. */
  readonly cursors: number[];
  /** What this tab was told of the key `last`. */
  readonly told: unknown[];
}

function follow(store: Store, { server }: Primary, id: Uuid = STORE_ID): Followed {
  const context = closing(createSyncContext({ codec }));
  const cursors: number[] = [];
  const told: unknown[] = [];
  const subscription = context.subscribe(server.dial, id, store, {
    onStatus: ({ cursor }) => cursor !== undefined && cursors.push(cursor.seq),
  });
  subscription.onKey("last", ({ value }) => told.push(value));
  return { subscription, context, cursors, told };
}

function nodes(from: number, count: number, size: number): Operation[] {
  return Array.from({ length: count }, (_, i) => {
    const value = "x".repeat(size - 10) + (from + i);
    return { op: "set", key: `node-${from + i}`, value, immutable: true };
  });
}

/** Everything that a store shows. */
async function texts(store: Store): Promise<string[]> {
  const shown: string[] = [];
  for await (const { key } of store.keys())
    shown.push(print([key, (await store.get(key)) ?? null]));
  return shown.sort();
}

function newPlace(): string {
  const name = newName();
  onTestFinished(() => erase(name));
  return name;
}

async function open(name: string): Promise<Store> {
  const store = await DexieStore.open({ name, codec });
  onTestFinished(() => store.close());
  return store;
}

function closing(context: SyncContext): SyncContext {
  onTestFinished(() => context.close());
  return context;
}
