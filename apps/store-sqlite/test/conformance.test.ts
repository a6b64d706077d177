import { SqliteStore, wasmDatabase } from "@datahike-sync/app-store-sqlite";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { storeConformance } from "@datahike-sync/conformance/store";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { loadSqlite } from "./wasm-sqlite.ts";

describe("a store on SQLite in memory, compiled to WebAssembly", async () => {
  const sqlite3 = await loadSqlite();
  storeConformance({
    test,
    open: async ({ now }) => {
      const db = new sqlite3.oo1.DB();
      // What is in memory is gone when it is closed: so the place closes it, and not the store.
      const kept = { ...wasmDatabase(db), close: () => undefined };
      return {
        open: () => SqliteStore.open(kept, { codec: msgpackCodec(), now }),
        dispose: async () => db.close(),
      };
    },
    capabilities: { shared: false },
    seed,
    runs: cases(300),
  });
});
