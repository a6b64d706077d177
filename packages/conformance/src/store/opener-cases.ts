/** More than one opener at a time. */
import type { Edn } from "@datahike-sync/edn";
import { check, checkError, checkRejects, describe, failureOf } from "../check.ts";
import type { Case } from "../suite.ts";
import { change } from "./standing-cases.ts";
import {
  checkTexts,
  checkValue,
  feedOf,
  STORE_A,
  type StoreContext,
  set,
  told,
} from "./subject.ts";

export const openersTogether: Case<StoreContext> = {
  says: "openers see each other's commits, lose none, number them without gaps, and hear their own",
  async run(context) {
    const place = await context.place();
    const stores = [await place.open(), await place.open(), await place.open()];
    const heard = stores.map(() => 0);
    stores.forEach((store, i) => store.onCommit(() => (heard[i] = (heard[i] ?? 0) + 1)));
    const count = (value: Edn | undefined) => (typeof value === "number" ? value + 1 : 1);
    const work = stores.flatMap((store, i) =>
      Array.from({ length: 20 }, async (_, j) => {
        const [, { cursor }] = await Promise.all([
          store.update("n", count),
          store.write([set("last", [i, j]), set([i, j], "x".repeat(j * 100))]),
        ]);
        return cursor;
      }),
    );
    const cursors = await Promise.all(work);
    checkValue(await stores[0]?.get("n"), 60, "what 60 updates counted");
    check(
      heard.every((commits) => commits === 40),
      `they heard ${heard.join(", ")}, not 40 each`,
    );
    const { last, eras } = (await stores[1]?.feed()) ?? { last: 0, eras: [] };
    check(last === 120, `the last of 120 commits is ${last}`);
    check(eras.length === 3, `three openers made ${eras.length} eras`);
    check(new Set(cursors.map((cursor) => cursor?.seq)).size === 60, "two commits have one number");
    const isLast = cursors.every((cursor) => cursor?.era === eras.at(-1)?.id);
    check(isLast, "a commit is not of the last era");
    const rows = await feedOf(stores[2] ?? (await place.open()));
    check(rows.length === 62, `the feed has ${rows.length} of 62 rows`);
  },
};

export const openersStandings: Case<StoreContext> = {
  says: "of several openers one moves a standing, and the others are told CURSOR_MOVED",
  async run(context) {
    const place = await context.place();
    const stores = [await place.open(), await place.open()];
    for (let was = 0; was < 10; was++) {
      // Without operations too: then nothing but the standing tells them apart.
      const operations = (i: number) => (was % 2 === 0 ? [] : [set([was, i], i)]);
      const tried = stores.map((store, i) =>
        failureOf(store.write(operations(i), change(STORE_A, was, was + i))),
      );
      const failed = (await Promise.all(tried)).filter((error) => error !== undefined);
      check(failed.length === 1, `${failed.length} of two were refused`);
      checkError(failed[0], ["CURSOR_MOVED"], "who came late");
      const standing = await stores[0]?.standing(STORE_A);
      check(standing?.revision === was + 1, `the revision is ${standing?.revision}`);
    }
    const rows = await feedOf(stores[0] ?? (await place.open()));
    check(rows.length === 5, `${rows.length} of 5 commits are there`);
  },
};

export const openersSeeAtOnce: Case<StoreContext> = {
  says: "feed and standing are read, not remembered: another's commits are there at once",
  async run(context) {
    const place = await context.place();
    const [one, two] = [await place.open(), await place.open()];
    await one.set("a", 1);
    await two.set("a", 2);
    await one.write([set("b", 1)], change(STORE_A, 0));
    await two.write([set("b", 2)], change(STORE_A, 1));
    for (const store of [one, two]) {
      checkTexts((await feedOf(store)).map(told), ['2 set "a" 2', '4 set "b" 2'], "the feed");
      check((await store.feed()).last === 4, "last is not the other's");
      check((await store.standing(STORE_A))?.revision === 2, "the standing is not the other's");
    }
    await two.delete("a");
    await two.compact();
    check((await one.feed()).floor === 5, "the floor is not the other's");
    const late = one.changes({ seq: 1, place: Number.POSITIVE_INFINITY });
    await checkRejects(late, "FEED_TRUNCATED", "a scan under the other's compaction");
    await two.close();
    checkValue(await one.get("b"), 2, "a value after the other was closed");
  },
};

export const locked: Case<StoreContext> = {
  says: "a second opener is refused with STORE_LOCKED until the first has closed",
  async run(context) {
    const place = await context.place();
    const store = await place.open();
    await checkRejects(place.open(), "STORE_LOCKED", "a second opener");
    await store.set("a", 1);
    await store.close();
    const error = await failureOf(place.open());
    check(error === undefined, () => `after the first was closed: ${describe(error)}`);
  },
};
