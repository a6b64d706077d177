/** What a diff yields, compared with two walks. */
import type { PointerState } from "@datahike-sync/core";
import { type Edn, identity, print } from "@datahike-sync/edn";
import { check } from "../check.ts";
import type { Case } from "../suite.ts";
import { identities } from "./store-view.ts";
import { checkSameKeys, keysWith, nodesOf, type WalkerContext } from "./walks.ts";

export const differences: Case<WalkerContext> = {
  says: "a diff is the difference of two walks, children before parents",
  async run(context) {
    const states = await context.states();
    const walks = await walksOf(context, states);
    for (const [i, j] of pairs(states.length)) {
      const [from, to] = [states[i] ?? [], states[j] ?? []];
      if (recycles(context, from, to)) continue;
      const [before, after] = [walks[i] ?? [], walks[j] ?? []];
      const steps = await context.diff(from, to, { removed: true });
      const added = keysWith("added", steps);
      checkSameKeys(added, without(after, before), `what was added from state ${i} to ${j}`);
      const removed = keysWith("removed", steps);
      checkSameKeys(removed, without(before, after), `what was removed from state ${i} to ${j}`);
      await context.checkChildrenFirst(added);
    }
  },
};

export const removedOnRequest: Case<WalkerContext> = {
  says: "what was removed is told on request only, and changes nothing in what was added",
  async run(context) {
    const states = await context.states();
    for (const [i, j] of pairs(states.length)) {
      const [from, to] = [states[i] ?? [], states[j] ?? []];
      const steps = await context.diff(from, to);
      check(keysWith("removed", steps).length === 0, "a removed key was told of without request");
      const other = keysWith("added", await context.diff(from, to, { removed: true }));
      const isSame = other.map(print).join() === keysWith("added", steps).map(print).join();
      check(isSame, "what was added depends on whether what was removed is asked for");
    }
  },
};

export const sameState: Case<WalkerContext> = {
  says: "between a state and itself there is nothing, and no node is read to find out",
  async run(context) {
    for (const state of await context.states()) {
      if (recycles(context, state)) continue;
      const read: Edn[] = [];
      const steps = await context.diff(
        state,
        state,
        { removed: true },
        { onRead: (key) => read.push(key) },
      );
      check(steps.length === 0, `${steps.length} differences between a state and itself`);
      check(
        read.length === 0,
        () => `${read.map(print).join()} was read to compare a state with itself`,
      );
    }
  },
};

export const recycledStates: Case<WalkerContext> = {
  says: "where keys are used again, a diff holds all that is reached",
  async run(context) {
    const states = await context.states();
    const walks = await walksOf(context, states);
    for (const [i, j] of pairs(states.length)) {
      const [from, to] = [states[i] ?? [], states[j] ?? []];
      if (!recycles(context, from, to)) continue;
      const steps = await context.diff(from, to);
      checkSameKeys(
        keysWith("added", steps),
        walks[j] ?? [],
        `state ${j}, where keys are used again`,
      );
    }
  },
};

function recycles({ walker }: WalkerContext, ...states: (readonly PointerState[])[]): boolean {
  return states.flat().some(({ value }) => walker.recycles(value));
}

async function walksOf(
  context: WalkerContext,
  states: readonly (readonly PointerState[])[],
): Promise<Edn[][]> {
  const walks: Edn[][] = [];
  for (const state of states) walks.push(nodesOf(await context.walkAt(state)));
  return walks;
}

function without(keys: readonly Edn[], others: readonly Edn[]): Edn[] {
  const known = identities(others);
  return keys.filter((key) => !known.has(identity(key)));
}

/** Neighbours, there and back, and the first with the last. */
function pairs(count: number): [number, number][] {
  const all: [number, number][] = [];
  for (let i = 1; i < count; i++) all.push([i - 1, i], [i, i - 1]);
  if (count > 2) all.push([0, count - 1], [count - 1, 0], [1, count - 1], [count - 1, 1]);
  return all;
}
