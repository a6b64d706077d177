import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { DexieStore, persist } from "@datahike-sync/store-dexie";
import { expect, test } from "vitest";

test("where there is no IndexedDB a store is STORE_UNAVAILABLE", async () => {
  const opening = DexieStore.open({ name: "none", codec: msgpackCodec() });
  await expect(opening).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    details: { name: "MissingAPIError" },
  });
});

test("where nobody can be asked nothing is kept for good", async () => {
  expect(await persist()).toBe(false);
});
