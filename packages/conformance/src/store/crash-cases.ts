/** Failures of power. */
import type { Store } from "@datahike-sync/core";
import fc from "fast-check";
import { check } from "../check.ts";
import { turns } from "../patience.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { change } from "./standing-cases.ts";
import { listed, remove, STORE_A, type StoreContext, set, textOf } from "./subject.ts";

export const crashWhole: Case<StoreContext> = {
  says: "a crash leaves some first commits, whole, with all that was durable",
  async run(context) {
    const commits = fc.array(
      fc.record({
        keys: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }),
        barrier: fc.boolean(),
        waits: fc.boolean(),
      }),
      { maxLength: 12 },
    );
    await forAll(commits, context.parameters, async (written) => {
      const place = await context.place();
      const store = await place.open();
      let durable = 0;
      for (const [i, { keys, barrier, waits }] of written.entries()) {
        const { standing } = change(STORE_A, i, i);
        const operations = keys.map((key) => set(key, `${i}`.repeat(key * 300 + 1)));
        const done = store.write(operations, { standing, barrier }).then(() => {
          if (barrier || context.capabilities.durable === "commit")
            durable = Math.max(durable, i + 1);
        });
        // Of what is not waited for the crash may find any part under way.
        done.catch(() => undefined);
        if (waits) await done;
      }
      place.crash();
      await checkPrefix(await place.open(), written, durable);
    });
  },
};

export const crashAfterEvent: Case<StoreContext> = {
  says: "what was told is there after a crash, where it had to be durable",
  async run(context) {
    for (let i = 0; i < 20; i++) {
      const place = await context.place();
      const store = await place.open();
      await store.set("before", i);
      let isTold = false;
      store.onCommit(() => {
        isTold = true;
        place.crash();
      });
      store.write([set("a", i), remove("before")], { barrier: true }).catch(() => undefined);
      for (let waits = 0; waits < 50 && !isTold; waits++) await turns(1);
      check(isTold, "no event came");
      const again = await place.open();
      check((await again.get("a")) === i, "what was told is not there after a crash");
      check(!(await again.has("before")), "half of what was told is there after a crash");
    }
  },
};

export const crashEra: Case<StoreContext> = {
  says: "a cursor of commits that a crash took is not taken for one of the commits after it",
  async run(context) {
    for (let i = 0; i < 20; i++) {
      const place = await context.place();
      const store = await place.open();
      await store.write([set("a", 1)], { barrier: true });
      const { cursor } = await store.set("b", i);
      place.crash();
      const again = await place.open();
      const { eras, last } = await again.feed();
      const isThere = await again.has("b");
      await again.set("c", i);
      const at = eras.findIndex(({ id }) => id === cursor?.era);
      const end = eras[at + 1]?.after ?? last;
      const isGood = at >= 0 && at < eras.length - 1 && (cursor?.seq ?? 0) <= end;
      check(
        isGood === isThere,
        `a cursor is ${isGood ? "good" : "bad"}, its commit ${isThere ? "" : "not "}there`,
      );
    }
  },
};

/** Checks that a store holds the first commits and nothing of the others. */
async function checkPrefix(
  store: Store,
  written: readonly { readonly keys: readonly number[] }[],
  durable: number,
): Promise<void> {
  const kept = (await store.standing(STORE_A))?.revision ?? 0;
  check(kept >= durable, `${kept} commits are left, though ${durable} were durable`);
  const state = new Map<number, number>();
  for (const [i, { keys }] of written.slice(0, kept).entries()) {
    for (const key of keys) state.set(key, i);
  }
  const keys = (await listed(store)).map(({ key }) => key);
  check(keys.length === state.size, `${keys.length} keys are left instead of ${state.size}`);
  for (const [key, i] of state) {
    const value = await store.get(key);
    const isWhole = value === `${i}`.repeat(key * 300 + 1);
    check(
      isWhole,
      () => `of commit ${i} key ${key} is ${textOf(value)}, with ${kept} commits left`,
    );
  }
  const { last } = await store.feed();
  check(last === kept, `last is ${last} after ${kept} commits`);
}
