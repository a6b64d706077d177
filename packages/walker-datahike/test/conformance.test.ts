import { type WalkerSubject, walkerConformance } from "@datahike-sync/conformance/walker";
import type { PointerState, ReadableStore } from "@datahike-sync/core";
import { keyword, kindOf, read } from "@datahike-sync/edn";
import { STORES, type StoreName } from "@datahike-sync/fixtures";
import { cases, seed } from "@datahike-sync/testing";
import { datahikeWalker, isDbRecord } from "@datahike-sync/walker-datahike";
import { describe, test } from "vitest";
import { goldenStore } from "./golden.ts";

const SELECTS = ["{:branches #{:db}}", "{:branches [:feature]}", "{:history false}"].map((text) =>
  read(text),
);

describe.each(STORES)("%s", (name) => {
  let subject: Promise<WalkerSubject> | undefined;
  walkerConformance({
    test,
    open: () => (subject ??= openStore(name)),
    seed,
    runs: cases(2000),
  });
});

async function openStore(name: StoreName): Promise<WalkerSubject> {
  const store = await goldenStore(name);
  return { store, walker: datahikeWalker(), states: await commitsOf(store), selects: SELECTS };
}

/** The first commits that the store keeps records of, as states of its trunk. */
async function commitsOf(store: ReadableStore): Promise<(readonly PointerState[])[]> {
  const states: (readonly PointerState[])[] = [];
  for await (const { key } of store.keys()) {
    const value = kindOf(key) === "uuid" ? await store.get(key) : undefined;
    if (isDbRecord(value)) states.push([{ key: keyword("db"), value }]);
  }
  return states.slice(0, 4);
}
