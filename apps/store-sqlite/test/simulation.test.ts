import { SqliteStore, sqliteDriver, wasmDatabase } from "@datahike-sync/app-store-sqlite";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { explain, type Place, simulate } from "@datahike-sync/conformance/simulation";
import { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";
import { cases, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { loadSqlite } from "./wasm-sqlite.ts";

test("stores on SQLite come to agree, whatever happens to them", async () => {
  const sqlite3 = await loadSqlite();
  const codec = msgpackCodec();
  for (let at = 0; at < cases(300); at++) {
    const databases = new Map<Place, InstanceType<typeof sqlite3.oo1.DB>>();
    const open = async (place: Place) => {
      const db = databases.get(place) ?? new sqlite3.oo1.DB();
      const kept = { ...wasmDatabase(db), close: () => undefined };
      if (!databases.has(place)) await (await SqliteStore.open(kept, { codec })).destroy();
      databases.set(place, db);
      // Two tabs may have it open beside each other: a world does one call of a store at a time.
      const driver = { ...sqliteDriver(kept), exclusive: false, close: () => Promise.resolve() };
      return openStore(driver, { codec, now: () => place.now() });
    };
    const options = { engine: { createSyncContext, openObjectStore, openStore }, open };
    const result = await simulate({ ...options, seed: seed + at });
    expect(result.violation && (await explain(options, result))).toBeUndefined();
    for (const db of databases.values()) db.close();
  }
}, 3_600_000);
