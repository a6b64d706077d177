import { persist } from "@datahike-sync/store-dexie";
import { expect, test } from "vitest";

test("what is said of persistence is what the browser says", async () => {
  expect(await persist()).toBe(await navigator.storage.persisted());
});
