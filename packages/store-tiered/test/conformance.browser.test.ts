import { storeConformance } from "@datahike-sync/conformance/store";
import { DexieStore } from "@datahike-sync/store-dexie";
import { MemoryStore } from "@datahike-sync/store-memory";
import { TieredStore } from "@datahike-sync/store-tiered";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { codec } from "./subjects.ts";

describe("memory before IndexedDB", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const name = `store-tiered ${crypto.randomUUID()}`;
      return {
        open: async () =>
          TieredStore.open({
            frontend: await MemoryStore.open({ feed: false }),
            backend: await DexieStore.open({ name, codec, now }),
          }),
        dispose: () => erase(name),
      };
    },
    seed,
    runs: cases(300),
    timeoutMs: 20_000,
  });
});

function erase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error(`${name} was not erased`));
  });
}
