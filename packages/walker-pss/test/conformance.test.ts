import { type WalkerSubject, walkerConformance } from "@datahike-sync/conformance/walker";
import { keyword } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { pssWalker } from "@datahike-sync/walker-pss";
import { describe, test } from "vitest";
import { Forest, handle, type ModelNode } from "./forest.ts";

const [A, B] = [keyword("a"), keyword("b")];

describe.each([false, true])("trees with changes held back: %s", (isBuffered) => {
  let subject: Promise<WalkerSubject> | undefined;
  walkerConformance({
    test,
    open: () => (subject ??= plant(isBuffered)),
    seed,
    runs: cases(1000),
  });
});

/** Two sets, which share nodes, at four times. */
async function plant(isBuffered: boolean): Promise<WalkerSubject> {
  const store = await MemoryStore.open();
  const forest = new Forest(store, new Random(0), 4, isBuffered);
  let one: ModelNode = await forest.plant(Array.from({ length: 200 }, (_, i) => i));
  let two: ModelNode = one;
  const pointersTo = () => [
    { key: A, value: handle(one.address) },
    { key: B, value: handle(two.address) },
  ];
  const states = [pointersTo().slice(0, 1), pointersTo()];
  two = await forest.change(two, 5);
  states.push(pointersTo());
  one = await forest.change(two, 20);
  for (const { key, value } of pointersTo()) await store.set(key, value);
  return { store, walker: pssWalker({ pointers: [A, B] }), states };
}
