/** Tokens, and values and tokens that others made up. */
import { type Edn, identity, print } from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import fc from "fast-check";
import { check, describe, thrownBy } from "../check.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { checkSameKeys, keysWith, nodesOf, type WalkerContext } from "./walks.ts";

/** Our wire takes 100 bytes a pointer; as text they are longer. */
const TOKEN_TEXT = 200;

export const tokensResolve: Case<WalkerContext> = {
  says: "a token is short, and what it resolves to reaches the same",
  async run(context) {
    const { walker, store } = context;
    for (const state of await context.states()) {
      for (const { key, value } of state) {
        const token = walker.token(value);
        if (token === undefined) continue;
        check(print(token).length <= TOKEN_TEXT, () => `the token ${print(token)} is too long`);
        const again = walker.token(value);
        check(again !== undefined && identity(again) === identity(token), "a token changes");
        const found = await walker.resolve(store, token);
        // A store may no longer tell. What it tells must be right.
        if (found === undefined) continue;
        const [reached, wanted] = [
          await context.diff([], [{ key, value: found }]),
          await context.diff([], [{ key, value }]),
        ];
        const what = `what the token of ${print(key)} resolves to`;
        checkSameKeys(keysWith("added", reached), keysWith("added", wanted), what);
      }
    }
  },
};

export const tokensDiffer: Case<WalkerContext> = {
  says: "states that reach different nodes have different tokens",
  async run(context) {
    const reached = new Map<string, string>();
    for (const state of await context.states()) {
      for (const pointer of state) {
        const token = context.walker.token(pointer.value);
        if (token === undefined) continue;
        const nodes = keysWith("added", await context.diff([], [pointer]));
        const text = nodes.map(identity).toSorted().join();
        const known = reached.get(identity(token)) ?? text;
        check(known === text, () => `two states have the token ${print(token)}`);
        reached.set(identity(token), text);
      }
    }
  },
};

export const forgedTokens: Case<WalkerContext> = {
  says: "a token that somebody made up resolves to nothing, or to a value that has this token",
  async run(context) {
    const { store, walker } = context;
    const resolve = async (token: Edn) => {
      const found = await walker.resolve(store, token);
      if (found === undefined) return;
      const own = walker.token(found);
      const isSame = own !== undefined && identity(own) === identity(token);
      check(isSame, () => `the token ${print(token)} resolved to a value of another`);
    };
    for (const key of [...nodesOf(await context.walk()), ...(await context.now()).map(keyOf)]) {
      await resolve(key);
    }
    await forAll(ednArbitrary(fc), context.parameters, resolve, print);
  },
};

export const foreignValues: Case<WalkerContext> = {
  says: "values and keys that the walker does not know name nothing and break nothing",
  async run({ walker, parameters }) {
    await forAll(
      ednArbitrary(fc),
      parameters,
      (value) => {
        const error = thrownBy(() => {
          walker.classify(value);
          walker.token(value);
          walker.recycles(value);
          for (const child of walker.children(value)) identity(child);
        });
        check(error === undefined, () => describe(error));
      },
      print,
    );
  },
};

function keyOf({ key }: { readonly key: Edn }): Edn {
  return key;
}
