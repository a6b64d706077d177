/** Who is told of commits, and when. */
import { isEncoded } from "@datahike-sync/core";
import { check } from "../check.ts";
import type { Case } from "../suite.ts";
import { change } from "./standing-cases.ts";
import {
  checkTexts,
  commitOf,
  remove,
  STORE_A,
  type StoreContext,
  set,
  textOf,
} from "./subject.ts";

export const eventsTell: Case<StoreContext> = {
  says: "every commit is told once, in order, with what it changed, before write resolves",
  async run(context) {
    const store = await context.store();
    const told: string[] = [];
    const others: string[] = [];
    store.onCommit((commit) => told.push(commitOf(commit)));
    const stop = store.onCommit((commit) => others.push(commitOf(commit)));
    await store.write([set("a", 1), remove("none"), set("b", [1])]);
    checkTexts(told, ['1 set "a" 1, set "b" [1]'], "what was told when write resolved");
    await Promise.all([store.set("c", 1), store.set("a", 1), store.delete("b"), store.set("c", 2)]);
    stop();
    stop();
    await store.update("c", () => 3);
    const expected = ['2 set "c" 1', '3 delete "b"', '4 set "c" 2', '5 set "c" 3'];
    checkTexts(told.slice(1), expected, "what was told afterwards");
    check(others.length === 4, `a listener was told ${others.length} times, not 4`);
  },
};

export const eventsAfterCommit: Case<StoreContext> = {
  says: "an event comes when the commit can be read",
  async run(context) {
    const store = await context.store();
    const reads: Promise<void>[] = [];
    store.onCommit(({ cursor, operations: [fact] }) => {
      const { key, op } = fact ?? { key: null, op: "none" };
      const reading = store.readMany([key]).then(({ entries: [entry], last }) => {
        const isThere = entry !== undefined;
        check(isThere === (op === "set"), `at its event ${op} of ${textOf(key)} cannot be seen`);
        const isCounted = last >= cursor.seq || !context.capabilities.feed;
        check(isCounted, `at the event of ${cursor.seq} the last commit is ${last}`);
      });
      reads.push(reading);
    });
    for (let i = 0; i < 5; i++) await store.set(i, "x".repeat(i * 700));
    for (let i = 0; i < 5; i++) await store.delete(i);
    await Promise.all(reads);
    check(reads.length === 10, `${reads.length} of 10 events came`);
  },
};

export const eventsOwned: Case<StoreContext> = {
  says: "what a listener changes does not reach the store",
  async run(context) {
    const store = await context.store();
    store.onCommit(({ operations }) => {
      for (const fact of operations) {
        if (Array.isArray(fact.key)) for (const item of fact.key) (item as Date).setTime(9);
        if (fact.op !== "set" || isEncoded(fact.value)) continue;
        if (fact.value instanceof Uint8Array) fact.value.fill(9);
      }
    });
    await store.write([set([new Date(1)], Uint8Array.of(1))], change(STORE_A, 0));
    const got = await store.get([new Date(1)]);
    check(got instanceof Uint8Array && got[0] === 1, `the store has ${textOf(got)}`);
  },
};

export const pins: Case<StoreContext> = {
  says: "a key is pinned until all that pinned it have let go",
  async run(context) {
    const store = await context.store();
    check(!store.isPinned("a"), "a key is pinned in a new store");
    const first = store.pin(["a", [1]]);
    const second = store.pin(new Set(["a"]));
    check(store.isPinned("a") && store.isPinned([1]), "a pinned key is not");
    first();
    first();
    check(store.isPinned("a") && !store.isPinned([1]), "letting go twice let go of another's");
    second();
    check(!store.isPinned("a"), "a key is pinned after all let go");
  },
};
