/** Which pointers there are, and what is left of a walk when somebody asks for less. */
import type { PointerState, Walker } from "@datahike-sync/core";
import { type Edn, EdnMap, equals, identity, keyword, print } from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import fc from "fast-check";
import { check, describe, thrownBy } from "../check.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import {
  checkAmong,
  checkSameKeys,
  pointersOf,
  stepsOf,
  textOf,
  type WalkerContext,
} from "./walks.ts";

/** A walker whose pointers name pointers that name pointers may go on, but not for ever. */
const MAX_ROUNDS = 100;

export const pointersNamed: Case<WalkerContext> = {
  says: "the pointers that are named, asked again with what was read, are those that a walk yields",
  async run(context) {
    for (const state of await context.states()) {
      const named = await pointersAt(context, state);
      const walked = pointersOf(await context.walkAt(state));
      checkSameKeys(named, walked.map(keyOf), "the pointers that are named");
    }
  },
};

export const selectNothing: Case<WalkerContext> = {
  says: "who asks for nothing special gets everything",
  async run(context) {
    const wanted = textOf(await context.walk());
    const steps = await stepsOf(context.walker.select(null), context.store);
    check(textOf(steps) === wanted, "a walk that nothing special was asked of is another");
  },
};

export const selectLess: Case<WalkerContext> = {
  says: "whatever is asked for, there is never more than before",
  async run(context) {
    const { walker, store, selects } = context;
    const walk = async (one: Walker) => (await stepsOf(one, store)).map(keyOf);
    const all = await walk(walker);
    for (const options of selects) {
      const selected = walker.select(options);
      const some = await walk(selected);
      checkAmong(some, all, `what ${print(options)} asks for`);
      for (const others of selects) {
        const what = `what ${print(others)} asks for of ${print(options)}`;
        checkAmong(await walk(selected.select(others)), some, what);
      }
    }
  },
};

export const unknownOptions: Case<WalkerContext> = {
  says: "options that the walker does not have are a TypeError",
  async run({ walker, parameters }) {
    const unknown = new EdnMap([[keyword("datahike-sync/no-such-option"), true]]);
    const refusal = thrownBy(() => walker.select(unknown));
    check(refusal instanceof TypeError, () => `${describe(refusal)} for ${print(unknown)}`);
    await forAll(
      ednArbitrary(fc),
      parameters,
      (options) => {
        const error = thrownBy(() => walker.select(options));
        check(error === undefined || error instanceof TypeError, () => describe(error));
      },
      print,
    );
  },
};

/** The pointers that are there, found as somebody does who has to read them all as one. */
async function pointersAt(
  context: WalkerContext,
  state: readonly PointerState[],
): Promise<readonly Edn[]> {
  const store = context.view(context.at(state));
  const read = new Set<string>();
  let known: readonly PointerState[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const keys = context.walker.pointers(known);
    const isLast = keys.every((key) => read.has(identity(key)));
    // What was read may tell that something else that was is no pointer.
    if (isLast) return keys.filter((key) => known.some((one) => equals(one.key, key)));
    const values = await store.getMany(keys);
    known = keys.flatMap((key, i) => {
      const value = values[i];
      return value === undefined ? [] : [{ key, value }];
    });
    for (const key of keys) read.add(identity(key));
  }
  throw new Error("there is always another pointer to be read");
}

function keyOf({ key }: { readonly key: Edn }): Edn {
  return key;
}
