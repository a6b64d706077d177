/** Opening, closing, cancelling. */
import type { Capabilities, Store } from "@datahike-sync/core";
import { check, checkRejects, describe, failureOf } from "../check.ts";
import { within } from "../patience.ts";
import type { Case } from "../suite.ts";
import { checkValue, listed, remove, STORE_A, type StoreContext, set, textOf } from "./subject.ts";

export const capabilities: Case<StoreContext> = {
  says: "a store can what the suite was told that it can",
  async run(context) {
    const store = await context.store();
    const textOfAll = ({ atomic, feed, shared, durable, standings = feed }: Capabilities) =>
      JSON.stringify({ atomic, feed, shared, durable, standings });
    const told = textOfAll(context.capabilities);
    const says = textOfAll(store.capabilities);
    check(says === told, `the store says ${says}, the suite was told ${told}`);
  },
};

export const reopened: Case<StoreContext> = {
  says: "what was written is there when the store is opened again",
  async run(context) {
    const place = await context.place();
    const store = await place.open();
    await store.write([set("a", 1), set("b", "x".repeat(5000)), set("c", 1, { lastWrite: 5 })]);
    await store.set("bytes", Uint8Array.of(1), { type: "binary" });
    await store.delete("a");
    await store.close();
    const again = await place.open();
    checkValue(await again.get("a"), undefined, "what was deleted");
    checkValue(await again.get("b"), "x".repeat(5000), "what was set");
    checkValue(await again.get("bytes"), Uint8Array.of(1), "bytes");
    check((await again.getMeta("bytes"))?.type === "binary", "the type of the bytes");
    check((await again.getMeta("c"))?.lastWrite === 5, "the metadata");
    check((await listed(again)).length === 3, "there is more than was written");
    const { cursor } = await again.set("b", "x".repeat(5000));
    check(cursor === undefined, "setting what is there was a commit after reopening");
  },
};

export const closed: Case<StoreContext> = {
  says: "after close everything is refused with STORE_CLOSED, and close may be called again",
  async run(context) {
    const store = await context.store();
    await store.write([set(1, 1), set(2, 2)]);
    const keys = store.keys();
    await keys.next();
    await Promise.all([store.close(), store.close()]);
    const calls: readonly [string, () => Promise<unknown>][] = [
      ...readsOf(store),
      ["the next of keys", () => keys.next()],
      ["set", () => store.set(1, 1)],
      ["delete", () => store.delete(1)],
      ["update", () => store.update(1, () => 2)],
      ["write", () => store.write([])],
      ["destroy", () => store.destroy()],
      ...(context.hasStandings ? standingCallsOf(store) : []),
    ];
    for (const [name, call] of calls) {
      const called = within(call(), context.timeoutMs, `${name} did not end`);
      await checkRejects(called, "STORE_CLOSED", name);
    }
    await within(store.close(), context.timeoutMs, "a later close did not end");
    await store[Symbol.asyncDispose]();
  },
};

export const closeWaits: Case<StoreContext> = {
  says: "close waits for what is under way",
  async run(context) {
    const place = await context.place();
    const store = await place.open();
    const ended: string[] = [];
    const work = Array.from({ length: 20 }, async (_, i) => {
      await (i % 3 === 2 ? store.get(i) : store.set(i, i));
      ended.push(`work ${i}`);
    });
    const closing = store.close().then(() => ended.push("closed"));
    await within(Promise.all([...work, closing]), context.timeoutMs, "work or close did not end");
    check(ended.at(-1) === "closed", `close ended before ${ended.at(-1)}`);
    const again = await place.open();
    for (let i = 0; i < 20; i++) {
      checkValue(await again.get(i), i % 3 === 2 ? undefined : i, `what was written as ${i}`);
    }
  },
};

export const aborted: Case<StoreContext> = {
  says: "an aborted signal rejects with its reason, and the store goes on",
  async run(context) {
    const store = await context.store();
    await store.write([set(1, 1), set(2, 2)]);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    for (const [name, call] of readsOf(store)) {
      const error = await failureOf(call({ signal }));
      check(error === reason, () => `${name}: ${describe(error)} instead of the reason`);
    }
    const controller = new AbortController();
    const keys = store.keys({ signal: controller.signal });
    await keys.next();
    controller.abort(reason);
    check((await failureOf(keys.next())) === reason, "keys did not end with the reason");
    checkValue(await store.get(1), 1, "a value after an abort");
  },
};

export const destroyed: Case<StoreContext> = {
  says: "destroy erases everything, and what is opened then is new",
  async run(context) {
    const place = await context.place();
    const store = await place.open();
    await store.write([set("a", 1), set("b", "x".repeat(5000))]);
    await within(store.destroy(), context.timeoutMs, "destroy did not end");
    await checkRejects(store.get("a"), "STORE_CLOSED", "a read of what was destroyed");
    const again = await place.open();
    check((await listed(again)).length === 0, "there are entries after destroy");
    if (context.capabilities.feed) {
      const { last, eras } = await again.feed();
      check(last === 0 && eras.length === 1, "there is a history after destroy");
    }
    if (context.hasStandings) {
      check((await again.standing(STORE_A)) === undefined, "there is a standing after destroy");
    }
    const { cursor } = await again.write([set("a", 1), remove("b")]);
    check(cursor !== undefined, `nothing was written: ${textOf(await again.get("a"))}`);
  },
};

type Read = (options?: { readonly signal?: AbortSignal }) => Promise<unknown>;

function readsOf(store: Store): readonly [string, Read][] {
  return [
    ["get", (options) => store.get(1, options)],
    ["get, encoded", (options) => store.get(1, { ...options, encoded: true })],
    ["getMany", (options) => store.getMany([], options)],
    ["getMeta", (options) => store.getMeta(1, options)],
    ["has", (options) => store.has(1, options)],
    ["keys", (options) => store.keys(options).next()],
  ];
}

function standingCallsOf(store: Store): readonly [string, () => Promise<unknown>][] {
  return [
    ["readMany", () => store.readMany([])],
    ["feed", () => store.feed()],
    ["changes", () => store.changes({ seq: 0, place: 0 })],
    ["standing", () => store.standing(STORE_A)],
    ["stage append", () => store.stage(STORE_A).append([])],
    ["stage read", () => store.stage(STORE_A).read().next()],
    ["stage clear", () => store.stage(STORE_A).clear()],
    ["compact", () => store.compact()],
  ];
}
