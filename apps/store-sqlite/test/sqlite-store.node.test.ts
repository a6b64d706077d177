import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore, sqliteDriver } from "@datahike-sync/app-store-sqlite";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openIn } from "./native-store.ts";

const codec = msgpackCodec();

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-sqlite-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("opening", () => {
  test("is refused for a second store on the same connection", async () => {
    const db = new DatabaseSync(join(folder, "store.db"));
    const store = await SqliteStore.open(db, { codec });
    const opening = SqliteStore.open(db, { codec });
    await expect(opening).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await store.set("key", 1);
    await store.close();
  });

  test("with another codec is refused, and leaves the database to who comes next", async () => {
    await (await openIn(folder)).close();
    const db = new DatabaseSync(join(folder, "store.db"));
    const opening = SqliteStore.open(db, { codec: { ...codec, name: "other" } });
    await expect(opening).rejects.toMatchObject({ code: "CODEC_UNSUPPORTED" });
    await (await SqliteStore.open(db, { codec })).close();
  });

  test("is refused for a file that is no database", async () => {
    await writeFile(join(folder, "store.db"), "nothing that SQLite writes".repeat(100));
    await expect(openIn(folder)).rejects.toMatchObject({ code: "ENTRY_UNREADABLE" });
  });
});

test("without room commits fail, reads go on, and with room the next commit is made", async () => {
  const db = new DatabaseSync(join(folder, "store.db"));
  const store = await SqliteStore.open(db, { codec });
  await store.write([{ op: "set", key: "key", value: 1 }]);
  db.exec("PRAGMA max_page_count = 10");
  for (let i = 0; i < 3; i++) {
    const written = store.write([
      { op: "set", key: "key", value: 2 },
      { op: "set", key: "large", value: "x".repeat(100_000) },
    ]);
    await expect(written).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
    expect(await store.getMany(["key", "large"])).toEqual([1, undefined]);
  }
  db.exec("PRAGMA max_page_count = 1000");
  await store.set("key", 3);
  await store.close();
  await using again = await openIn(folder);
  expect(await again.get("key")).toBe(3);
});

test("rows come in order from either end, and each belongs to the reader", async () => {
  const db = new DatabaseSync(":memory:");
  await (
    await SqliteStore.open(
      { exec: (sql) => db.exec(sql), prepare: (sql) => db.prepare(sql), close: () => undefined },
      { codec },
    )
  ).destroy();
  const driver = sqliteDriver(db);
  const keys = ["a", "a ", "a~", "b", "b!"];
  const row = new Uint8Array(0);
  await driver.commit(
    keys.map((key) => ({ key, row })),
    { durable: true },
  );
  const scanned = async (...args: Parameters<typeof driver.scan>) =>
    (await driver.scan(...args)).map(([key]) => key);
  const limit = 9;
  expect(await scanned({ gte: "a", lt: "b" }, { limit })).toEqual(["a", "a ", "a~"]);
  expect(await scanned({ gt: "a", lt: "c" }, { limit })).toEqual(["a ", "a~", "b", "b!"]);
  expect(await scanned({ gt: "a", lt: "c" }, { limit: 2, reverse: true })).toEqual(["b!", "b"]);
  expect(await driver.get("a")).toEqual(row);
  db.close();
});
