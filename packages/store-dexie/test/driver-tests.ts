/** What is special to the driver, wherever there is an IndexedDB. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import type { DriverOperation, StoreDriver } from "@datahike-sync/core";
import { DexieStore, dexieDriver } from "@datahike-sync/store-dexie";
import { describe, expect, onTestFinished, test } from "vitest";
import { erase, newName } from "./suites.ts";
import { around, watch } from "./watched.ts";

const codec = msgpackCodec();

export function driverTests(): void {
  describe("rows", () => {
    test("that are parts of a larger buffer are kept without the rest of it", async () => {
      const driver = await open();
      const large = new Uint8Array(100_000).fill(7);
      await driver.commit([put("a", large.subarray(5, 8))], { durable: true });
      const row = await driver.get("a");
      expect(row).toEqual(Uint8Array.of(7, 7, 7));
      expect(row?.buffer.byteLength).toBe(3);
    });

    test("are scanned in order, both ways, within bounds, and nothing else is", async () => {
      const driver = await open();
      const keys = ["", "a", "a~", "b", "c"];
      await driver.commit(
        keys.toReversed().map((key) => put(key)),
        { durable: false },
      );
      const scan = async (...args: Parameters<StoreDriver["scan"]>) =>
        (await driver.scan(...args)).map(([key]) => key);
      expect(await scan({ lt: "~" }, { limit: 9 })).toEqual(keys);
      expect(await scan({ gt: "a", lt: "c" }, { limit: 9 })).toEqual(["a~", "b"]);
      expect(await scan({ gte: "a", lt: "c" }, { limit: 2 })).toEqual(["a", "a~"]);
      expect(await scan({ gte: "a", lt: "c" }, { limit: 2, reverse: true })).toEqual(["b", "a~"]);
      expect(await scan({ lt: "~" }, { limit: 9, reverse: true })).toEqual(keys.toReversed());
      expect(await scan({ gte: "b", lt: "b" }, { limit: 9 })).toEqual([]);
      expect(await scan({ gt: "b", lt: "b" }, { limit: 9, reverse: true })).toEqual([]);
    });

    test("are all of one moment in a job, whatever is committed meanwhile", async () => {
      const driver = await open();
      await driver.commit([put("a", Uint8Array.of(1))], { durable: true });
      let committed: Promise<boolean> | undefined;
      const seen = await driver.read?.(async (snapshot) => {
        const before = await snapshot.getMany(["a"]);
        committed = driver.commit([put("a", Uint8Array.of(2))], { durable: true });
        for (let i = 0; i < 20; i++) expect(await snapshot.getMany(["a"])).toEqual(before);
        return before;
      });
      expect(await committed).toBe(true);
      expect(seen).toEqual([Uint8Array.of(1)]);
      expect(await driver.get("a")).toEqual(Uint8Array.of(2));
    });
  });

  describe("durability", () => {
    test("a transaction is relaxed only where a writer allows it", async () => {
      const { name } = place();
      const store = await DexieStore.open({ name, codec });
      const { durabilities } = watch();
      await store.set("a", 1);
      await store.write([{ op: "set", key: "a", value: 2 }], { relaxed: true });
      await store.write([{ op: "set", key: "a", value: 3 }], { relaxed: true, barrier: true });
      await Promise.all([
        store.write([{ op: "set", key: "a", value: 4 }], { relaxed: true }),
        store.set("a", 5),
      ]);
      expect(durabilities).toEqual(["strict", "relaxed", "strict", "strict"]);
      await store.close();
    });

    test("each commit writes again what relaxed ones wrote since the last strict one", async () => {
      const driver = await open();
      const { put: written } = watch();
      const put1 = (key: string) => driver.commit([put(key)], { durable: false });
      await put1("a");
      await put1("b");
      await driver.commit([{ key: "a" }, put("c")], { durable: false });
      expect(written.splice(0).filter(isRow)).toEqual(["a", "a", "b", "b", "c"]);
      await driver.commit([put("c"), put("d")], { durable: true });
      expect(written.splice(0)).toEqual(["b", "c", "d"]);
      await driver.commit([put("e")], { durable: true });
      expect(written.splice(0)).toEqual(["e"]);
      expect(await driver.getMany(["a", "b", "c", "d"])).toEqual([undefined, ROW, ROW, ROW]);
    });

    test("what would be too much to be written again is strict", async () => {
      const driver = await open();
      const { durabilities, put: written } = watch();
      await driver.commit([put("large", new Uint8Array(100_000))], { durable: false });
      expect(durabilities.splice(0)).toEqual(["relaxed", "strict"]);
      for (let i = 0; i < 130; i++) await driver.commit([put(`${i}`)], { durable: false });
      expect(durabilities.filter((one) => one === "strict")).toHaveLength(2);
      expect(written.filter(isRow).length).toBeLessThan(130 * 64);
    });
  });

  describe("a connection that is lost", () => {
    test("is made again by whatever is asked next", async () => {
      const { connection, connections } = watch();
      const { name } = place();
      const store = await DexieStore.open({ name, codec });
      const calls: (() => Promise<unknown>)[] = [
        () => store.set("a", 1),
        () => store.get("a"),
        () => store.keys().next(),
        () => store.changes({ seq: 0, place: 0 }),
        () => store.update("a", (value) => Number(value) + 1),
      ];
      for (const call of calls) {
        connection().close();
        await call();
      }
      expect(connections).toHaveLength(1 + calls.length);
      expect(await store.get("a")).toBe(2);
      await store.close();
    });

    test("is made again once, however much is under way", async () => {
      const { connection, connections } = watch();
      const driver = await open();
      await driver.commit([put("a")], { durable: true });
      connection().close();
      const work = Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0 ? driver.get("a") : driver.commit([put(`${i}`)], { durable: true }),
      );
      expect(await Promise.all(work)).toEqual(work.map((_, i) => (i % 2 === 0 ? ROW : true)));
      expect(connections).toHaveLength(2);
    });

    test("is told of when another does not help", async () => {
      let isBroken = false;
      const { connection } = watch((opened) => isBroken && opened.close());
      const driver = await open();
      isBroken = true;
      connection().close();
      await expect(driver.get("a")).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        details: { name: "InvalidStateError" },
      });
      isBroken = false;
      expect(await driver.get("a")).toBeUndefined();
    });

    test("in the middle of a commit does not make it twice", async () => {
      const { connection } = watch();
      const { name } = place();
      const store = await DexieStore.open({ name, codec });
      await store.set("n", 1);
      loseAnswers(1);
      expect(await store.update("n", (value) => Number(value) + 1)).toBe(2);
      expect(await store.get("n")).toBe(2);
      expect((await store.feed()).last).toBe(2);
      connection().close();
      await store.close();
    });
  });

  describe("a database that is erased", () => {
    test("is not made again, and whoever had it open is told", async () => {
      const { name } = place();
      const store = await DexieStore.open({ name, codec });
      await store.set("a", 1);
      await erase(name);
      const gone = { code: "STORE_NOT_FOUND" };
      await expect(store.get("a")).rejects.toMatchObject(gone);
      await expect(store.set("a", 2)).rejects.toMatchObject(gone);
      await expect(store.feed()).rejects.toMatchObject(gone);
      await expect(store.keys().next()).rejects.toMatchObject(gone);
      expect((await indexedDB.databases()).map((one) => one.name)).not.toContain(name);
      await store.close();
      const again = await DexieStore.open({ name, codec });
      expect(await again.get("a")).toBeUndefined();
      expect((await again.feed()).eras).toHaveLength(1);
      await again.close();
    });

    test("and made anew by another tab is no longer that of the first", async () => {
      const { name } = place();
      const one = await DexieStore.open({ name, codec });
      await one.set("a", 1);
      const two = await DexieStore.open({ name, codec });
      await two.destroy();
      const three = await DexieStore.open({ name, codec });
      await three.set("b", 1);
      // Its next commit expects what is no longer there, reads again, and is behind the other's.
      await one.set("c", 1);
      expect(await three.get("c")).toBe(1);
      expect(await one.get("a")).toBeUndefined();
      expect((await one.feed()).last).toBe(2);
      await Promise.all([one.close(), three.close()]);
    });
  });

  describe("connections of others", () => {
    test("that are kept although somebody waits are STORE_LOCKED, until they end", async () => {
      const { name } = place();
      const other = await openRaw(name, 5);
      await expect(DexieStore.open({ name, codec })).rejects.toMatchObject({
        code: "STORE_LOCKED",
      });
      other.close();
      const store = await DexieStore.open({ name, codec });
      await store.set("a", 1);
      expect(await store.get("a")).toBe(1);
      await store.close();
    });

    test("to a later version are given way to, and that version is refused", async () => {
      const { name } = place();
      const store = await DexieStore.open({ name, codec });
      await store.set("a", 1);
      (await openRaw(name, 20)).close();
      const later = { code: "CODEC_UNSUPPORTED", details: { version: 2 } };
      await expect(store.get("a")).rejects.toMatchObject(later);
      await store.close();
      await expect(DexieStore.open({ name, codec })).rejects.toMatchObject(later);
      const raw = await openRaw(name);
      expect(raw.version).toBe(20);
      raw.close();
    });

    test("are not kept where a store cannot be opened", async () => {
      const { name } = place();
      await (await DexieStore.open({ name, codec })).close();
      const other = { ...codec, name: "another" };
      await expect(DexieStore.open({ name, codec: other })).rejects.toMatchObject({
        code: "CODEC_UNSUPPORTED",
      });
      const raw = await openRaw(name, 20);
      expect(raw.version).toBe(20);
      raw.close();
    });
  });
}

const ROW = Uint8Array.of(1);

function put(key: string, row: Uint8Array = ROW): DriverOperation<Uint8Array> {
  return { key, row };
}

function isRow(key: unknown): boolean {
  return typeof key === "string";
}

/** A name, whose database is erased after the test. */
function place(): { name: string } {
  const name = newName();
  onTestFinished(() => erase(name));
  return { name };
}

/** A driver of its own, closed after the test. */
async function open(): Promise<StoreDriver> {
  const driver = await dexieDriver(place().name);
  onTestFinished(() => driver.close());
  return driver;
}

/** Does `count` commits for real, and says of each that its transaction was aborted. */
function loseAnswers(count: number): void {
  let left = count;
  around(IDBDatabase.prototype, "transaction", (begin) => {
    return function (this: IDBDatabase, ...args) {
      const transaction = begin.apply(this, args);
      if (transaction.mode === "readonly" || left-- <= 0) return transaction;
      transaction.addEventListener("complete", (event) => {
        event.stopImmediatePropagation();
        transaction.onabort?.(event);
      });
      return transaction;
    };
  });
}

function openRaw(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error(`${name} was not opened`));
  });
}
