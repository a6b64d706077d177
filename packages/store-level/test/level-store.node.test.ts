import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import type { Codec } from "@datahike-sync/core";
import { uuid } from "@datahike-sync/edn";
import { LevelStore, levelDriver } from "@datahike-sync/store-level";
import { ClassicLevel } from "classic-level";
import { MemoryLevel } from "memory-level";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const codec = msgpackCodec();
const OTHER: Codec = { ...codec, name: "other" };
const STORE_ID = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-level-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("opening", () => {
  test("with another codec is refused, and leaves the database to who comes next", async () => {
    const db = new ClassicLevel(folder);
    await (await LevelStore.open(db, { codec })).close();
    const opening = LevelStore.open(db, { codec: OTHER });
    await expect(opening).rejects.toMatchObject({ code: "CODEC_UNSUPPORTED" });
    expect(db.status).toBe("open");
    await (await LevelStore.open(db, { codec })).close();
  });

  test("is refused while another has the folder, and then the same database can be opened", async () => {
    const first = await LevelStore.open(new ClassicLevel(folder), { codec });
    const db = new ClassicLevel(folder);
    const opening = LevelStore.open(db, { codec });
    await expect(opening).rejects.toMatchObject({
      code: "STORE_LOCKED",
      cause: { code: "LEVEL_DATABASE_NOT_OPEN" },
    });
    await first.close();
    await (await LevelStore.open(db, { codec })).close();
  });

  test("is refused for a folder that is damaged", async () => {
    await (await LevelStore.open(new ClassicLevel(folder), { codec })).close();
    await writeFile(join(folder, "CURRENT"), "nothing that LevelDB writes");
    const opening = LevelStore.open(new ClassicLevel(folder), { codec });
    await expect(opening).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
  });

  test("passes on what else the database throws", async () => {
    const file = join(folder, "file");
    await writeFile(file, "no folder");
    const opening = LevelStore.open(new ClassicLevel(file), { codec });
    await expect(opening).rejects.toMatchObject({ cause: { code: "EEXIST" } });
  });
});

test.each([1, 20, 203])(
  "who ends while he erases a store leaves none, though only %i rows went",
  async (limit) => {
    const db = new ClassicLevel(folder);
    const store = await LevelStore.open(db, { codec });
    const standing = { storeId: STORE_ID, was: 0, now: { doomed: "node" } };
    await store.write(
      Array.from({ length: 100 }, (_, key) => ({ op: "set", key, value: "x".repeat(2_000) })),
      { standing },
    );
    await store.stage(STORE_ID).append([Uint8Array.of(1)]);
    Object.assign(db, {
      clear: async () => {
        await ClassicLevel.prototype.clear.call(db, { limit });
        throw new Error("killed");
      },
    });
    await expect(store.destroy()).rejects.toThrow("killed");
    const next = await LevelStore.open(new ClassicLevel(folder), { codec });
    expect((await next.keys().next()).done).toBe(true);
    expect(await next.standing(STORE_ID)).toBeUndefined();
    expect((await next.stage(STORE_ID).read().next()).done).toBe(true);
    expect(await next.feed()).toMatchObject({ last: 0, floor: 0, eras: { length: 1 } });
    await next.set(1, 1);
    await next.close();
    const again = await LevelStore.open(new ClassicLevel(folder), { codec });
    expect(await again.get(1)).toBe(1);
    await again.close();
  },
);

test("a store whose database was closed by others says so, and does not open it again", async () => {
  const db = new ClassicLevel(folder);
  const store = await LevelStore.open(db, { codec });
  await db.close();
  await expect(store.get("key")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  await expect(store.set("key", 1)).rejects.toMatchObject({ code: "STORE_CLOSED" });
  await store.close();
  expect(db.status).toBe("closed");
});

test("rows are read as plain arrays of bytes, each of which is the reader's own", async () => {
  const db = new ClassicLevel(folder);
  await db.open();
  const driver = levelDriver(db);
  const row = Uint8Array.from({ length: 5000 }, (_, i) => i);
  await driver.commit([{ key: "a", row }], { durable: true });
  const all = { gte: "a", lt: "b" };
  const [got, [again], [[, scanned] = []], snapshot] = await Promise.all([
    driver.get("a"),
    driver.getMany(["a"]),
    driver.scan(all, { limit: 1 }),
    driver.read?.((reader) => reader.scan(all, { limit: 1 })),
  ]);
  const read = [got, again, scanned, snapshot?.[0]?.[1]];
  for (const one of read) {
    expect(one).toEqual(row);
    expect(Object.getPrototypeOf(one)).toBe(Uint8Array.prototype);
  }
  expect(new Set(read.map((one) => one?.buffer)).size).toBe(read.length);
  await driver.close();
});

test("a sublevel is a database of its own, and destroying its store leaves the others", async () => {
  const db = new MemoryLevel();
  const [one, other] = [db.sublevel("one"), db.sublevel("other")];
  const store = await LevelStore.open(one, { codec });
  await using kept = await LevelStore.open(other, { codec });
  await store.set("key", 1);
  await kept.set("key", 2);
  await store.destroy();
  expect(await kept.get("key")).toBe(2);
  await using again = await LevelStore.open(one, { codec });
  expect(await again.get("key")).toBeUndefined();
});
