/** The rules of writing. */
import { type Edn, EdnSet, equals, keyword, list, print } from "@datahike-sync/edn";
import { check, checkRejects, describe, failureOf } from "../check.ts";
import type { Case } from "../suite.ts";
import { checkValue, listed, remove, type StoreContext, set, textOf } from "./subject.ts";

export const inOrder: Case<StoreContext> = {
  says: "the operations of a commit are applied in order",
  async run(context) {
    const store = await context.store();
    await store.set("c", 1);
    await store.write([
      set("a", 1),
      remove("a"),
      set("b", 1),
      set("b", 2),
      remove("c"),
      set("c", 3),
    ]);
    checkValue(await store.get("a"), undefined, "what was set and deleted");
    checkValue(await store.get("b"), 2, "what was set twice");
    checkValue(await store.get("c"), 3, "what was deleted and set");
  },
};

export const noChange: Case<StoreContext> = {
  says: "writing what is there already is no commit: no row, no event, no cursor",
  async run(context) {
    const store = await context.store();
    const large = "x".repeat(5000);
    await store.write([set("a", 1), set("b", large), set("c", [1], { lastWrite: 7 })]);
    await store.set("bytes", Uint8Array.of(1), { type: "binary" });
    context.nowMs += 1000;
    const before = context.capabilities.feed ? (await store.feed()).last : 0;
    let told = 0;
    store.onCommit(() => told++);
    const echoes = [
      [set("a", 1)],
      [set("b", large), set("c", [1])],
      [set("c", [1], { lastWrite: 7 })],
      [{ ...set("bytes", Uint8Array.of(1)), type: "binary" } as const],
      [remove("none")],
      [set("none", 1), remove("none")],
      [],
    ];
    for (const operations of echoes) {
      const { cursor } = await store.write(operations);
      const what = operations.map(({ op, key }) => `${op} ${textOf(key)}`).join(", ");
      check(cursor === undefined, `a cursor came of writing the same again: ${what}`);
    }
    check(told === 0, `${told} events came of writing the same again`);
    if (context.capabilities.feed) {
      const { last } = await store.feed();
      check(last === before, `${last - before} commits came of writing the same again`);
    }
    const meta = await store.getMeta("a");
    check(meta?.lastWrite === context.nowMs - 1000, "writing the same again changed lastWrite");
  },
};

export const smallChanges: Case<StoreContext> = {
  says: "another kind of an equal value, or other metadata, is a change",
  async run(context) {
    const store = await context.store();
    await store.set("a", [1], { lastWrite: 1 });
    const changes = [
      set("a", list(1), { lastWrite: 1 }),
      set("a", list(1), { lastWrite: 2 }),
      set("a", list(1), { lastWrite: 2, immutable: true }),
    ];
    for (const change of changes) {
      const { cursor } = await store.write([change]);
      check(cursor !== undefined, `there was no commit for ${textOf(change.value as Edn)}`);
    }
    checkValue(await store.get("a"), list(1), "the later value");
    const meta = await store.getMeta("a");
    check(meta?.lastWrite === 2 && meta.immutable, "the later metadata is not there");
  },
};

export const immutableKeys: Case<StoreContext> = {
  says: "an immutable key keeps its value, until it is deleted or rewritten, and its commit is refused",
  async run(context) {
    const store = await context.store();
    const large = "x".repeat(3000);
    await store.set("node", [1], { immutable: true, lastWrite: 5 });
    await store.set("large", large, { immutable: true });
    const refused = [
      [set("other", 1), set("node", [2])],
      [set("other", 1), set("large", "y".repeat(3000))],
      [set("large", "short"), set("other", 1)],
      [set("new", 1, { immutable: true }), set("new", 2)],
    ];
    for (const operations of refused) {
      await checkRejects(store.write(operations), "IMMUTABLE_CHANGED", "another value");
    }
    const keys = new EdnSet((await listed(store)).map(({ key }) => key));
    check(equals(keys, new EdnSet(["large", "node"])), `a refused commit left ${print(keys)}`);
    const { cursor } = await store.write([set("node", [1]), set("large", large)]);
    check(cursor === undefined, "the same value of an immutable key was a change");
    const meta = await store.getMeta("node");
    check(meta?.immutable === true && meta.lastWrite === 5, "its metadata has changed");
    await store.write([set("node", [3], { rewrite: true, immutable: true })]);
    checkValue(await store.get("node"), [3], "what was rewritten");
    await store.write([remove("node"), set("node", [4])]);
    checkValue(await store.get("node"), [4], "what was deleted and set");
  },
};

export const misuse: Case<StoreContext> = {
  says: "what is no value is a TypeError, and nothing of its commit is written",
  async run(context) {
    const store = await context.store();
    const wrong: readonly unknown[] = [undefined, {}, () => 1, new Map()];
    for (const value of wrong) {
      const error = await failureOf(store.write([set("other", 1), set("a", value as Edn)]));
      check(error instanceof TypeError, () => `${describe(error)} instead of a TypeError`);
      const ofKey = await failureOf(store.write([set("other", 1), set(value as Edn, 1)]));
      check(ofKey instanceof TypeError, () => `${describe(ofKey)} instead of one of the key`);
    }
    const error = await failureOf(store.set("a", "text", { type: "binary" }));
    check(error instanceof TypeError, () => `${describe(error)} for a text of type binary`);
    check((await listed(store)).length === 0, "something was written");
  },
};

export const updates: Case<StoreContext> = {
  says: "update sets what its function makes of the value, one after the other",
  async run(context) {
    const store = await context.store();
    const count = (value: Edn | undefined) => (typeof value === "number" ? value + 1 : 1);
    checkValue(await store.update("n", count), 1, "the first update");
    await Promise.all(Array.from({ length: 50 }, () => store.update("n", count)));
    checkValue(await store.get("n"), 51, "what 51 updates counted");
    const large = await store.update("n", () => "x".repeat(3000));
    checkValue(large, "x".repeat(3000), "what an update gives");
    const longer = (value: Edn | undefined) => (typeof value === "string" ? `${value}y` : null);
    checkValue(await store.update("n", longer), `${"x".repeat(3000)}y`, "a large value updated");
    const cause = new Error("no");
    const fail = () => {
      throw cause;
    };
    check((await failureOf(store.update("n", fail))) === cause, "another error than was thrown");
    checkValue(await store.get("n"), `${"x".repeat(3000)}y`, "the value after a failed update");
    checkValue(await store.update("n", () => undefined), undefined, "an update that deletes");
    check(!(await store.has("n")), "it is there after an update that deletes");
  },
};

export const concurrentWrites: Case<StoreContext> = {
  says: "commits are made in the order in which they were asked for, each whole, and one that fails alone",
  async run(context) {
    const store = await context.store();
    await store.set("node", 1, { immutable: true });
    const seqs: number[] = [];
    store.onCommit(({ cursor }) => seqs.push(cursor.seq));
    const all = Array.from({ length: 200 }, async (_, i) => {
      const operations = [set("shared", i), set(keyword(`k${i % 10}`), i), set(["own", i], i)];
      const isBad = i % 7 === 3;
      const done = store.write(isBad ? [...operations, set("node", 2)] : operations);
      if (!isBad) return done;
      await checkRejects(done, "IMMUTABLE_CHANGED", `commit ${i}`);
      return undefined;
    });
    const results = await Promise.all(all);
    const cursors = results.flatMap((result) => result?.cursor?.seq ?? []);
    check(cursors.length === 171, `${cursors.length} of 171 commits have a cursor`);
    check(
      cursors.every((seq, i) => i === 0 || seq === (cursors[i - 1] ?? 0) + 1),
      "seqs have gaps",
    );
    check(cursors.join() === seqs.join(), "the events were not in the order of the commits");
    checkValue(await store.get("shared"), 198, "the last that was asked for");
    for (let i = 0; i < 200; i++) {
      const isThere = await store.has(["own", i]);
      check(isThere === (i % 7 !== 3), `commit ${i} is ${isThere ? "" : "not "}there`);
    }
  },
};

export const clockForward: Case<StoreContext> = {
  says: "lastWrite never goes back, and one that was given does not move the clock",
  async run(context) {
    const place = await context.place();
    let store = await place.open();
    const start = context.nowMs;
    await store.set("future", 1, { lastWrite: start + 1e9 });
    const times: number[] = [];
    const write = async (key: string) => {
      await store.set(key, 1);
      times.push((await store.getMeta(key))?.lastWrite ?? Number.NaN);
    };
    await write("a");
    context.nowMs = start - 5000;
    await write("b");
    await store.close();
    store = await place.open();
    await write("c");
    context.nowMs = start + 5000;
    await write("d");
    const expected = [start, start, start, start + 5000];
    const isRight = times.every((time, i) => time === expected[i]);
    check(isRight, `lastWrite went ${times.join(", ")} instead of ${expected.join(", ")}`);
  },
};

export const versionsApart: Case<StoreContext> = {
  says: "each version of a key is later than the one before, its tombstone included, within a millisecond too and when that is compacted",
  async run(context) {
    const store = await context.store();
    const times: number[] = [];
    for (const value of [1, 2, undefined, 3]) {
      if (value !== undefined) await store.set("a", value);
      else {
        await store.delete("a");
        if (store.capabilities.feed) await store.compact();
      }
      const meta = await store.getMeta("a");
      if (meta !== undefined) times.push(meta.lastWrite);
    }
    const isRising = times.every((time, i) => i === 0 || time > Number(times[i - 1]));
    check(isRising, `two versions have one lastWrite: ${times.join(", ")}`);
  },
};
