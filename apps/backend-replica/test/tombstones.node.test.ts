import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { MemoryStore } from "@datahike-sync/store-memory";
import { expect, onTestFinished, test } from "vitest";
import { Tombstones } from "../src/tombstones.ts";

test("deletes are forgotten when they are old and not before, and what there is stays", async () => {
  const store = await MemoryStore.open({ codec: msgpackCodec() });
  await store.write([
    { op: "set", key: "a", value: 1 },
    { op: "set", key: "b", value: 2 },
  ]);
  const { cursor } = await store.write([{ op: "delete", key: "a" }]);
  const deletedAt = performance.now();
  const errors: unknown[] = [];
  const tombstones = new Tombstones(store, { keepMs: 100, onError: (error) => errors.push(error) });
  onTestFinished(() => tombstones.stop());
  await expect.poll(async () => (await store.feed()).floor, { timeout: 60_000 }).toBe(cursor?.seq);
  expect(performance.now() - deletedAt).toBeGreaterThanOrEqual(100);
  const { rows } = await store.changes({ seq: (await store.feed()).floor, place: 0 });
  expect(rows).toEqual([]);
  expect(await store.getMany(["a", "b"])).toEqual([undefined, 2]);
  await tombstones.stop();
  await store.close();
  expect(errors).toEqual([]);
});
