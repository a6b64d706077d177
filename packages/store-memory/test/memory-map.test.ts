import type { DriverRange } from "@datahike-sync/core";
import { MemoryMap } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";

test("a map gives what a sorted list would, also of a moment ago", async () => {
  for (let number = 0; number < cases(100); number++) {
    const random = new Random(number);
    const map = new MemoryMap<number>();
    let model = new Map<string, number>();
    for (let round = 0; round < 8; round++) {
      const before = new Map(model);
      await map.read(async (snapshot) => {
        const operations = Array.from({ length: random.below(400) }, () => ({
          key: `k${random.below(2000)}`,
          row: random.below(3) === 0 ? undefined : random.below(1000),
        }));
        map.apply(operations);
        model = applied(model, operations);
        for (let i = 0; i < 6; i++) {
          const range = rangeOf(random);
          const options = { limit: 1 + random.below(700), reverse: random.below(2) === 0 };
          const what = `case ${number} of seed ${seed}`;
          expect(map.scan(range, options), what).toEqual(scanned(model, range, options));
          expect(await snapshot.scan(range, options), what).toEqual(
            scanned(before, range, options),
          );
          const key = `k${random.below(2000)}`;
          expect(await snapshot.getMany([key]), what).toEqual([before.get(key)]);
          expect(map.get(key), what).toBe(model.get(key));
        }
      });
    }
  }
});

test("a map takes keys in order, backwards and in between without losing one", () => {
  const map = new MemoryMap<number>();
  const keys = Array.from({ length: 5000 }, (_, i) => `k${String(i).padStart(5, "0")}`);
  const mixed = keys.map((_, i) => keys[(i * 7919) % keys.length] as string);
  for (const order of [keys, keys.toReversed(), mixed]) {
    map.apply(order.map((key, row) => ({ key, row })));
    const found = map.scan({ lt: "l" }, { limit: 1e6 }).map(([key]) => key);
    expect(found).toEqual(keys);
    const backwards = map.scan({ lt: "l" }, { limit: 1e6, reverse: true }).map(([key]) => key);
    expect(backwards).toEqual(keys.toReversed());
    map.clear();
    expect(map.scan({ lt: "l" }, { limit: 1 })).toEqual([]);
  }
});

type Operations = readonly { readonly key: string; readonly row: number | undefined }[];

function applied(model: ReadonlyMap<string, number>, operations: Operations): Map<string, number> {
  const next = new Map(model);
  for (const { key, row } of operations) {
    if (row === undefined) next.delete(key);
    else next.set(key, row);
  }
  return next;
}

function rangeOf(random: Random): DriverRange {
  const lt = random.pick(["k5", "l", `k${random.below(2000)}`]);
  const from = `k${random.below(2000)}`;
  return random.pick([{ lt }, { gt: from, lt }, { gte: from, lt }]);
}

function scanned(
  model: ReadonlyMap<string, number>,
  { gt, gte, lt }: DriverRange,
  { limit, reverse }: { readonly limit: number; readonly reverse: boolean },
): [string, number][] {
  const found = [...model]
    .filter(
      ([key]) => key < lt && (gt === undefined || key > gt) && (gte === undefined || key >= gte),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return (reverse ? found.toReversed() : found).slice(0, limit);
}
