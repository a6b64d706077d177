/** What a replica keeps: standings, whose an entry is, the stage. */
import type { Cursor, Standing, StandingChange } from "@datahike-sync/core";
import { type Edn, keyword, type Uuid } from "@datahike-sync/edn";
import { check, checkRejects, sameBytes } from "../check.ts";
import type { Case } from "../suite.ts";
import {
  checkFeed,
  checkTexts,
  checkValue,
  feedOf,
  remove,
  STORE_A,
  STORE_B,
  type StoreContext,
  set,
  textOf,
} from "./subject.ts";

export const standings: Case<StoreContext> = {
  says: "a standing is replaced in the commit that brings the operations, and comes back as it was",
  async run(context) {
    const place = await context.place();
    const store = await place.open();
    check((await store.standing(STORE_A)) === undefined, "there is a standing in an empty store");
    const full: Omit<Standing, "revision"> = {
      cursor: { era: "ab", seq: 7, origin: { era: "c", seq: 9 } },
      selection: STORE_B,
      tokens: [keyword("db"), null],
      position: null,
      doomed: "b7",
    };
    await store.write([set("a", 1)], { standing: { storeId: STORE_A, was: 0, now: full } });
    const { cursor } = await store.write([], change(STORE_B, 0));
    check(cursor === undefined, "a commit that moves a standing only has a cursor");
    await store.close();
    const reopened = await place.open();
    const kept = await reopened.standing(STORE_A);
    checkTexts([standingText(kept)], [standingText({ ...full, revision: 1 })], "the standing");
    check(Object.hasOwn(kept ?? {}, "position"), "a position that is nil is no position");
    const bare = await reopened.standing(STORE_B);
    checkTexts([standingText(bare)], [standingText({ revision: 1 })], "a bare standing");
    await checkFeed(context, reopened, ['1 set "a" 1'], "the feed beside standings");
    await reopened.write([], { standing: { storeId: STORE_A, was: 1, now: undefined } });
    check(
      (await reopened.standing(STORE_A)) === undefined,
      "a standing that is forgotten is there",
    );
  },
};

export const revisions: Case<StoreContext> = {
  says: "a commit for another revision than there is writes nothing and is CURSOR_MOVED",
  async run(context) {
    const store = await context.store();
    const moved = (was: number, key: string) =>
      checkRejects(store.write([set(key, 1)], change(STORE_A, was)), "CURSOR_MOVED", `was ${was}`);
    await moved(1, "never");
    await store.write([set("a", 1)], change(STORE_A, 0, 5));
    await moved(0, "late");
    await moved(2, "early");
    const first = store.write([set("b", 1)], change(STORE_A, 1, 6));
    const second = store.write([set("late", 1)], change(STORE_A, 1, 7));
    await Promise.all([first, checkRejects(second, "CURSOR_MOVED", "the second of two at once")]);
    const standing = await store.standing(STORE_A);
    check(standing?.revision === 2 && standing.cursor?.seq === 6, standingText(standing));
    await checkFeed(context, store, ['1 set "a" 1', '2 set "b" 1'], "the feed");
    const barren = store.write([], change(STORE_A, 2, 8));
    const again = store.write([], change(STORE_A, 2, 9));
    await Promise.all([barren, checkRejects(again, "CURSOR_MOVED", "a second without operations")]);
  },
};

export const origins: Case<StoreContext> = {
  says: "a subscription writes its own entries only, and a local write none of a subscription's",
  async run(context) {
    const store = await context.store();
    await store.write([set("local", 1), set("gone", 1)]);
    await store.delete("gone");
    await store.write([set("b", 1)], change(STORE_B, 0));
    const { skipped, cursor } = await store.write(
      [set("local", 2), set("a", 2), remove("b"), set("b", 2), set("gone", 2), remove("local")],
      change(STORE_A, 0),
    );
    const keys = skipped.map((key) => textOf(key)).sort();
    checkTexts(keys, ['"b"', '"local"'], "what was skipped");
    check(cursor !== undefined, "nothing was committed of the others");
    checkValue(await store.get("local"), 1, "the local entry");
    checkValue(await store.get("b"), 1, "the entry of another subscription");
    checkValue(await store.get("gone"), 2, "what was deleted here and came from there");
    const metas = await Promise.all(["local", "b", "a", "gone"].map((key) => store.getMeta(key)));
    const from = metas.map((meta) => meta?.origin?.toString() ?? "none");
    const expected = ["none", STORE_B.toString(), STORE_A.toString(), STORE_A.toString()];
    checkTexts(from, expected, "whose the entries are");
    for (const operation of [set("a", 3), set("a", 2), remove("a")]) {
      const done = store.write([set("other", 1), operation]);
      await checkRejects(done, "KEY_IS_REPLICATED", `a local ${operation.op}`);
    }
    await checkRejects(
      store.update("a", () => 3),
      "KEY_IS_REPLICATED",
      "a local update",
    );
    check(!(await store.has("other")), "a refused commit left something");
    await store.write([remove("a")], change(STORE_A, 1));
    await store.set("a", 4);
    checkValue(await store.get("a"), 4, "what the subscription gave up");
    check((await store.getMeta("a"))?.origin === undefined, "it is not local now");
  },
};

export const originTold: Case<StoreContext> = {
  says: "events and feed say whose operations are",
  async run(context) {
    const store = await context.store();
    const origins: string[] = [];
    store.onCommit(({ origin }) => origins.push(origin?.toString() ?? "none"));
    await store.set("a", 1);
    await store.write([set("b", 1)], change(STORE_A, 0));
    await store.write([], change(STORE_A, 1));
    await store.write([remove("b")], change(STORE_A, 2));
    const expected = ["none", STORE_A.toString(), STORE_A.toString()];
    checkTexts(origins, expected, "the origins of the events");
    if (!context.capabilities.feed) return;
    const rows = (await feedOf(store)).map(
      ({ operation }) => operation.origin?.toString() ?? "none",
    );
    checkTexts(rows, ["none", STORE_A.toString()], "the origins in the feed");
  },
};

export const stages: Case<StoreContext> = {
  says: "a stage keeps its records in order, beside keys and feed, until it is cleared",
  async run(context) {
    const place = await context.place();
    const store = await place.open();
    const record = (i: number) => new Uint8Array(i % 300).fill(i);
    const stage = store.stage(STORE_A);
    await stage.append(Array.from({ length: 90 }, (_, i) => record(i)));
    await stage.append([]);
    await store.stage(STORE_B).append([record(7)]);
    await Promise.all([stage.append([record(90), record(91)]), stage.append([record(92)])]);
    await store.set("barrier", 1);
    await store.write([], { barrier: true });
    await store.close();
    const reopened = await place.open();
    let at = 0;
    for await (const bytes of reopened.stage(STORE_A).read()) {
      check(sameBytes(bytes, record(at)), `record ${at} is another`);
      bytes.fill(0xee);
      at++;
    }
    check(at === 93, `there are ${at} records, not 93`);
    await checkFeed(context, reopened, ['1 set "barrier" 1'], "the feed");
    await reopened.stage(STORE_A).clear();
    for await (const _ of reopened.stage(STORE_A).read())
      check(false, "a cleared stage has records");
    let others = 0;
    for await (const bytes of reopened.stage(STORE_B).read()) {
      check(sameBytes(bytes, record(7)), "the record of another stage was changed");
      others++;
    }
    check(others === 1, "clear reached another stage");
  },
};

/** Options that move a standing to the next revision. */
export function change(
  storeId: Uuid,
  was: number,
  seq?: number,
): { readonly standing: StandingChange } {
  const cursor = seq === undefined ? undefined : { era: "era", seq };
  return { standing: { storeId, was, now: { cursor } } };
}

function standingText(standing: Standing | undefined): string {
  if (standing === undefined) return "no standing";
  const { revision, cursor, selection, tokens, position, doomed } = standing;
  const parts: (Edn | undefined)[] = [selection, tokens, position, doomed];
  const at = ({ era, seq }: Cursor) => `${era}:${seq}`;
  const place = cursor === undefined ? "nothing" : at(cursor);
  const origin = cursor?.origin === undefined ? "none" : at(cursor.origin);
  return `revision ${revision}, ${place} from ${origin}, ${parts.map(textOf).join(", ")}`;
}
