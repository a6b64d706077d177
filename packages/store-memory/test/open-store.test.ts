import {
  type CommitOptions,
  type DriverOperation,
  encoded,
  openStore,
  type StoreDriver,
  SyncError,
} from "@datahike-sync/core";
import { type Edn, uuid } from "@datahike-sync/edn";
import { MemoryMap, memoryDriver } from "@datahike-sync/store-memory";
import { describe, expect, test } from "vitest";
import { ednCodec } from "./edn-codec.ts";

const STORE_ID = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
const LARGE = "x".repeat(2000);

describe("the rows of a store of bytes", () => {
  test("are refused when they were written with another codec", async () => {
    const map = new MemoryMap<Uint8Array>();
    await (await openStore(memoryDriver(map), { codec: ednCodec() })).close();
    const opening = openStore(memoryDriver(map), { codec: ednCodec("other") });
    await expect(opening).rejects.toMatchObject({
      code: "CODEC_UNSUPPORTED",
      details: { codec: "edn" },
    });
  });

  test.each(["no json", "{}", "[1]", '[1,"edn","era","last",0,0,0]', '[1,"edn","era",1.5,0,0,0]'])(
    "are refused when the header is %s",
    async (header) => {
      const map = new MemoryMap<Uint8Array>();
      map.apply([{ key: "h", row: new TextEncoder().encode(header) }]);
      const opening = openStore(memoryDriver(map), { codec: ednCodec() });
      await expect(opening).rejects.toBeInstanceOf(SyncError);
    },
  );

  test("hold a large value as the very bytes that came, and decode nothing to keep it", async () => {
    const map = new MemoryMap<Uint8Array>();
    const codec = ednCodec();
    const store = await openStore(memoryDriver(map), { codec });
    const bytes = codec.encode(LARGE);
    await store.set("key", encoded(codec, bytes));
    expect(map.get("vskey")).toBe(bytes);
    const entry = await store.get("key", { encoded: true });
    expect(entry?.value.bytes).toBe(bytes);
    const { rows } = await store.changes({ seq: 0, place: 0 });
    expect(rows[0]?.operation).toMatchObject({ value: { codec: "edn", bytes } });
    expect(codec.decoded).toBe(rows.length + 1);
  });

  test("hold a value that came in another codec in the store's own", async () => {
    const store = await openStore(memoryDriver(), { codec: ednCodec() });
    const other = ednCodec("other");
    await store.set("key", encoded(other, other.encode([1])));
    expect((await store.get("key", { encoded: true }))?.value.codec).toBe("edn");
    expect(await store.get("key")).toEqual([1]);
  });

  test("that are damaged are told one by one, and others can be read", async () => {
    const map = new MemoryMap<Uint8Array>();
    const store = await openStore(memoryDriver(map), { codec: ednCodec() });
    await store.write(["a", "b", "c", "d"].map((key) => ({ op: "set", key, value: key })));
    map.apply([
      { key: "esa", row: Uint8Array.of(1) },
      { key: "esb", row: (map.get("esb") ?? new Uint8Array(0)).slice(0, -1) },
      { key: "esc", row: (map.get("esc") ?? new Uint8Array(0)).fill(0x28, 29, 30) },
    ]);
    const unreadable: string[] = [];
    const keys: Edn[] = [];
    const onUnreadable = (error: Error) => {
      unreadable.push(error instanceof SyncError ? error.code : error.name);
    };
    for await (const { key } of store.keys({ onUnreadable })) keys.push(key);
    expect(keys).toEqual(["d"]);
    expect(unreadable).toEqual(Array(3).fill("ENTRY_UNREADABLE"));
    await expect(store.keys().next()).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
    await expect(store.get("a")).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
    expect(await store.get("d")).toBe("d");
  });

  test("are written for no operation of a commit when one cannot be encoded", async () => {
    const codec = {
      ...ednCodec(),
      encode: (value: Edn) => {
        const bytes = ednCodec().encode(value);
        if (!new TextDecoder().decode(bytes).includes("bad")) return bytes;
        throw new SyncError("CODEC_UNSUPPORTED", "no form for this");
      },
    };
    const store = await openStore(memoryDriver(), { codec });
    const good = { op: "set", key: "good", value: 1 } as const;
    const standing = { storeId: STORE_ID, was: 0, now: { tokens: "bad" } };
    const refused = [
      store.write([good, { op: "set", key: "key", value: "bad" }]),
      store.write([good, { op: "set", key: "bad", value: 1 }]),
      store.write([good], { standing }),
    ];
    const other = store.set("other", 1);
    for (const written of refused) {
      await expect(written).rejects.toMatchObject({ code: "CODEC_UNSUPPORTED" });
    }
    await other;
    expect(await store.getMany(["good", "other"])).toEqual([undefined, 1]);
    expect(await store.feed()).toMatchObject({ last: 1 });
    expect(await store.standing(STORE_ID)).toBeUndefined();
  });
});

test("a clock may give fractions of a millisecond", async () => {
  const options = { codec: ednCodec(), now: () => 1234.5 };
  await using store = await openStore(memoryDriver(), options);
  const { cursor } = await store.set("a", 1);
  expect(cursor?.seq).toBe(1);
  expect(await store.getMeta("a")).toMatchObject({ lastWrite: 1234 });
  await store.delete("a");
  expect((await store.changes({ seq: 0, place: 0 })).rows).toHaveLength(1);
});

describe("transactions of the driver", () => {
  test("are shared by commits that wait together, and never have a key twice", async () => {
    const { driver, commits } = watched();
    const store = await openStore(driver, { codec: ednCodec() });
    const before = commits.length;
    await Promise.all(Array.from({ length: 300 }, (_, i) => store.set(i % 10, i)));
    expect(commits.length - before).toBeLessThanOrEqual(2);
    for (const { operations } of commits) {
      expect(new Set(operations.map(({ key }) => key)).size).toBe(operations.length);
    }
    expect(await store.feed()).toMatchObject({ last: 300 });
    expect((await store.changes({ seq: 0, place: 0 })).rows).toHaveLength(10);
  });

  test("are durable for a barrier, also for one that brings nothing", async () => {
    const { driver, commits } = watched({ durability: "barrier" });
    const store = await openStore(driver, { codec: ednCodec() });
    await store.set("a", 1);
    await store.write([{ op: "set", key: "a", value: 1 }], { barrier: true });
    await store.write([{ op: "set", key: "a", value: 2 }], { barrier: true });
    expect(commits.map(({ options }) => options.durable)).toEqual([false, false, true, true]);
    expect(await store.feed()).toMatchObject({ last: 2 });
  });

  test("are durable without barriers too, unless all of their commits may be lost", async () => {
    const { driver, commits } = watched();
    const store = await openStore(driver, { codec: ednCodec() });
    const write = (value: number, relaxed: boolean) =>
      store.write([{ op: "set", key: value, value }], { relaxed });
    await write(1, false);
    await write(2, true);
    await Promise.all([write(3, true), write(4, true)]);
    await Promise.all([write(5, true), write(6, false)]);
    await store.write([], { relaxed: true, barrier: true });
    await store.compact();
    const durable = commits.map(({ options }) => options.durable);
    expect(durable).toEqual([true, true, false, false, false, true, true, true]);
  });

  test("that fail reject the commits in them, and the store goes on", async () => {
    const fault = new SyncError("QUOTA_EXCEEDED", "no room");
    let isFull = false;
    const { driver } = watched({}, () => {
      if (isFull) throw fault;
    });
    const store = await openStore(driver, { codec: ednCodec() });
    const told: number[] = [];
    store.onCommit(({ cursor }) => told.push(cursor.seq));
    await store.set("a", 1);
    isFull = true;
    await expect(store.set("a", 2)).rejects.toBe(fault);
    await expect(store.compact()).rejects.toBe(fault);
    isFull = false;
    await store.set("b", 1);
    expect(await store.getMany(["a", "b"])).toEqual([1, 1]);
    expect(told).toEqual([1, 2]);
  });

  test("of a compaction are bounded, and one that was interrupted is gone on with", async () => {
    let left = Number.POSITIVE_INFINITY;
    const { driver, commits } = watched({}, () => {
      if (left-- <= 0) throw new Error("power");
    });
    const store = await openStore(driver, { codec: ednCodec() });
    const keys = Array.from({ length: 2000 }, (_, key) => key);
    await store.write(keys.map((key) => ({ op: "set", key, value: 1 })));
    await store.write(keys.map((key) => ({ op: "delete", key })));
    const before = commits.length;
    left = 2;
    await expect(store.compact()).rejects.toThrow("power");
    expect(await store.feed()).toMatchObject({ floor: 2, last: 2 });
    left = Number.POSITIVE_INFINITY;
    await store.set("a", 1);
    await store.compact();
    for (const { operations } of commits.slice(before)) {
      expect(operations.length).toBeLessThan(1100);
    }
    const since = Number.POSITIVE_INFINITY;
    expect((await store.changes({ seq: 0, place: 0 }, { since })).rows).toHaveLength(1);
    expect(await store.feed()).toMatchObject({ floor: 3, last: 3 });
  });

  test("write headers that stay small, however often a store was opened", async () => {
    const map = new MemoryMap<Uint8Array>();
    for (let i = 0; i < 1100; i++) {
      await (await openStore(memoryDriver(map), { codec: ednCodec() })).close();
    }
    const store = await openStore(memoryDriver(map), { codec: ednCodec() });
    expect((await store.feed()).eras).toHaveLength(1024);
    expect(map.get("h")?.length).toBeLessThan(100);
  });
});

/** A driver of bytes, and every commit that it was given. */
function watched(
  changes: Partial<StoreDriver> = {},
  before: () => void = () => undefined,
): {
  readonly driver: StoreDriver;
  readonly commits: {
    readonly operations: readonly DriverOperation<Uint8Array>[];
    readonly options: CommitOptions<Uint8Array>;
  }[];
} {
  const inner = memoryDriver<Uint8Array>();
  const commits: ReturnType<typeof watched>["commits"] = [];
  const driver: StoreDriver = {
    ...inner,
    ...changes,
    commit: async (operations, options) => {
      before();
      commits.push({ operations, options });
      return inner.commit(operations, options);
    },
  };
  return { driver, commits };
}
