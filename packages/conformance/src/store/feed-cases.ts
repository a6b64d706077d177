/** The feed: the latest state of every key, in the order of commits, tombstones included. */
import { isEncoded } from "@datahike-sync/core";
import { check, checkRejects } from "../check.ts";
import type { Case } from "../suite.ts";
import { checkTexts, feedOf, remove, type StoreContext, set, told } from "./subject.ts";

export const rowsInOrder: Case<StoreContext> = {
  says: "the feed has a row for each key, in the order of commits and of operations",
  async run(context) {
    const store = await context.store();
    await store.write([set("c", 1), set("a", 1), set("b", "x".repeat(3000))]);
    await store.write([set("e", 1), remove("none"), set("d", 1)]);
    const rows = await feedOf(store);
    const expected = ["c", "a", "b"].map((key) => `1 set "${key}"`);
    const texts = rows.map((row) => told(row).slice(0, 9));
    checkTexts(texts, [...expected, '2 set "e"', '2 set "d"'], "the feed");
    // Where an operation stands among those of its event, there it stands in the feed.
    const places = rows.map(({ seq, place }) => `${seq}:${place}`).join(" ");
    check(places === "1:0 1:1 1:2 2:0 2:1", `the places are ${places}`);
  },
};

export const rowsMove: Case<StoreContext> = {
  says: "a row moves when its key is written, and leaves nothing at its old place",
  async run(context) {
    const store = await context.store();
    for (const key of ["a", "b", "c"]) await store.set(key, 1);
    await store.set("a", 2);
    await store.delete("b");
    await Promise.all([store.set("c", 2), store.set("c", 3), store.set("c", 4)]);
    const expected = ['4 set "a" 2', '5 delete "b"', '8 set "c" 4'];
    checkTexts((await feedOf(store)).map(told), expected, "the feed");
    await store.set("b", 3);
    const after = ['4 set "a" 2', '8 set "c" 4', '9 set "b" 3'];
    checkTexts((await feedOf(store)).map(told), after, "the feed after a tombstone was set again");
  },
};

export const tombstones: Case<StoreContext> = {
  says: "a tombstone says what was deleted and when, and is there once",
  async run(context) {
    const store = await context.store();
    await store.set("a", "x".repeat(3000), { immutable: true, lastWrite: 5 });
    context.nowMs += 10;
    await store.delete("a");
    await store.delete("a");
    await store.write([remove("a"), remove("b")]);
    const [row, ...others] = await feedOf(store);
    check(row !== undefined && others.length === 0, `there are ${others.length + 1} rows, not one`);
    const { op, lastWrite, immutable } = row.operation;
    check(op === "delete" && row.seq === 2, `the row is ${told(row)}`);
    check(immutable, "it does not say that the entry was immutable");
    check(lastWrite === context.nowMs, `it went at ${lastWrite}, not at ${context.nowMs}`);
  },
};

export const limits: Case<StoreContext> = {
  says: "reads of the feed end at their limits, say whether there is more, and go on where they ended",
  async run(context) {
    const store = await context.store();
    const size = 2000;
    for (let i = 0; i < 7; i++)
      await store.write([0, 1, 2].map((j) => set(i * 3 + j, "x".repeat(size))));
    const whole = (await feedOf(store)).map(told);
    check(whole.length === 21, `the feed has ${whole.length} of 21 rows`);
    for (const limit of [1, 2, 3, 4, 20, 21, 22]) {
      checkTexts((await feedOf(store, { seq: 0, place: 0 }, limit)).map(told), whole, "in parts");
    }
    const exact = await store.changes({ seq: 0, place: 0 }, { limit: 21 });
    check(exact.done && exact.last === 7, "a read of everything is not done, or last is wrong");
    const [first] = (await store.changes({ seq: 0, place: 0 }, { limitBytes: 1 })).rows;
    check(first !== undefined && first.seq === 1, "limitBytes left nothing at all");
    const { value } = first.operation.op === "set" ? first.operation : { value: null };
    if (isEncoded(value)) {
      const some = await store.changes({ seq: 0, place: 0 }, { limitBytes: 5 * size });
      check(some.rows.length < 7 && !some.done, `${some.rows.length} rows exceed limitBytes`);
    }
    const behind = await store.changes({ seq: 5, place: Number.POSITIVE_INFINITY });
    checkTexts(behind.rows.map(told), whole.slice(15), "what is behind commit 5");
    const within = await store.changes(first);
    checkTexts(within.rows.map(told), whole.slice(1), "what is behind the first row");
    const none = await store.changes({ seq: 7, place: Number.POSITIVE_INFINITY });
    check(none.done && none.rows.length === 0, "there is something behind the end");
  },
};

export const compaction: Case<StoreContext> = {
  says: "compact forgets tombstones up to a commit and raises the floor to it; nothing else changes",
  async run(context) {
    const store = await context.store();
    const many = Array.from({ length: 1200 }, (_, i) => i);
    await store.write(many.map((key) => set(key, key)));
    await store.write(many.slice(0, 1100).map(remove));
    await store.write([set("a", 1), set("b", 1)]);
    await store.delete("a");
    await store.compact(2);
    const { floor, last } = await store.feed();
    check(floor === 2 && last === 4, `floor is ${floor} and last ${last}, not 2 and 4`);
    const rows = (await feedOf(store)).map(told);
    const kept = many.slice(1100).map((key) => `1 set ${key} ${key}`);
    checkTexts(rows, [...kept, '3 set "b" 1', '4 delete "a"'], "the feed after compact(2)");
    await store.compact();
    checkTexts((await feedOf(store)).map(told), [...kept, '3 set "b" 1'], "after compact()");
    check((await store.feed()).floor === 4, "compact() did not raise the floor to the end");
    await store.compact(1);
    check((await store.feed()).floor === 4, "compact(1) has lowered the floor");
    await store.set("a", 2);
    checkTexts((await feedOf(store)).slice(-1).map(told), ['5 set "a" 2'], "a forgotten key again");
  },
};

export const truncated: Case<StoreContext> = {
  says: "who needs tombstones that are forgotten is told FEED_TRUNCATED, also in the middle of a scan",
  async run(context) {
    const store = await context.store();
    for (const key of ["a", "b", "c", "d"]) await store.set(key, 1);
    const scan = await store.changes({ seq: 1, place: Number.POSITIVE_INFINITY }, { limit: 1 });
    check(scan.rows.length === 1 && scan.floor === 0, "the scan did not begin");
    await store.delete("b");
    await store.set("e", 1);
    await store.compact();
    const [last] = scan.rows;
    check(last !== undefined, "the scan has no row");
    const goOn = store.changes(last, { since: 1 });
    await checkRejects(goOn, "FEED_TRUNCATED", "a scan whose tombstones went");
    await checkRejects(store.changes(last), "FEED_TRUNCATED", "a read from below the floor");
    const all = await store.changes({ seq: 0, place: 0 }, { since: Number.POSITIVE_INFINITY });
    check(all.rows.length === 4 && all.floor === 6, "who needs no tombstones cannot read");
    const atFloor = await store.changes({ seq: 6, place: Number.POSITIVE_INFINITY });
    check(atFloor.done, "who stands at the floor cannot read");
  },
};

export const scanMeetsEnd: Case<StoreContext> = {
  says: "a scan under writes ends with every key in its latest state, deletes included",
  async run(context) {
    const store = await context.store();
    for (let i = 0; i < 100; i++) await store.set(i, "old");
    const state = new Map<string, string>();
    let after = { seq: 0, place: 0 };
    for (let round = 0; ; round++) {
      const since = round === 0 ? Number.POSITIVE_INFINITY : 100;
      const { rows, done, last } = await store.changes(after, { limit: 7, since });
      for (const row of rows) {
        const [, op, key] = told(row).split(" ");
        state.set(String(key), op === "set" ? told(row).slice(told(row).indexOf("set")) : "gone");
        after = row;
      }
      if (done) {
        check(last === (await store.feed()).last, "last is not that of the end");
        break;
      }
      if (round >= 10) continue;
      await store.write([
        remove(round),
        set(50 + round, round),
        remove(99 - round),
        set("new", round),
      ]);
    }
    for (let i = 0; i < 100; i++) {
      const value = await store.get(i);
      const expected =
        value === undefined ? "gone" : `set ${i} ${typeof value === "number" ? value : '"old"'}`;
      checkTexts([String(state.get(String(i)))], [expected], `key ${i} after the scan`);
    }
  },
};

export const eras: Case<StoreContext> = {
  says: "each open for writing begins an era behind the last commit, and commits belong to the last era",
  async run(context) {
    const place = await context.place();
    const first = await place.open();
    const one = await first.set("a", 1);
    await first.set("b", 1);
    const [before, ...more] = (await first.feed()).eras;
    check(before !== undefined && more.length === 0, "a new store has not one era");
    check(before.after === 0, `the first era began after ${before.after}`);
    check(one.cursor?.era === before.id && one.cursor.seq === 1, "the first cursor is another");
    await first.close();
    const second = await place.open();
    const feed = await second.feed();
    check(feed.last === 2, `last is ${feed.last} after reopening, not 2`);
    const ids = feed.eras.map(({ id }) => id);
    check(ids.length === 2 && ids[0] === before.id && ids[1] !== ids[0], "no era was added");
    check(feed.eras[1]?.after === 2, `the second era began after ${feed.eras[1]?.after}`);
    const two = await second.set("c", 1);
    check(two.cursor?.era === ids[1] && two.cursor?.seq === 3, "the commit is not of the new era");
    await second.set("d", 1);
    await second.compact(2);
    check((await second.feed()).eras.length === 2, "an era that ends at the floor was forgotten");
    await second.compact(3);
    const left = (await second.feed()).eras.map(({ id }) => id);
    check(left.length === 1 && left[0] === ids[1], "an era that ended before the floor is left");
  },
};
