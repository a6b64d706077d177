/** What a walk yields, in which order. */
import type { WalkProgress } from "@datahike-sync/core";
import { type Edn, identity, isKind, print } from "@datahike-sync/edn";
import { check, checkError, describe, failureOf } from "../check.ts";
import type { Case } from "../suite.ts";
import { checkSameKeys, nodesOf, pointersOf, textOf, type WalkerContext } from "./walks.ts";

/** How many nodes are tried as missing; each takes a walk. */
const MISSING_NODES = 100;

export const everythingReached: Case<WalkerContext> = {
  says: "everything that a value names is walked, children before parents",
  async run(context) {
    const { store, walker, mayBeElsewhere } = context;
    const steps = await context.walk();
    const keys = steps.map(({ key }) => key);
    const walked = new Set(keys.map(identity));
    await context.checkChildrenFirst(keys);
    for (const step of steps) {
      const value = step.class === "pointer" ? step.value : await store.get(step.key);
      for (const child of value === undefined ? [] : walker.children(value)) {
        const isThere = walked.has(identity(child)) || mayBeElsewhere(child);
        check(isThere, () => `${print(child)}, which ${print(step.key)} names, is not walked`);
      }
    }
  },
};

export const eachOnce: Case<WalkerContext> = {
  says: "no key comes twice, and every one is in the store",
  async run(context) {
    const keys = (await context.walk()).map(({ key }) => key);
    checkSameKeys(keys, keys, "the walk");
    for (const key of keys) {
      check(await context.store.has(key), () => `${print(key)} is walked and not in the store`);
    }
  },
};

export const pointersLast: Case<WalkerContext> = {
  says: "pointers come last, each with its value and metadata",
  async run(context) {
    const steps = await context.walk();
    const first = steps.findIndex((step) => step.class === "pointer");
    check(first >= 0, "no pointer is walked");
    check(
      steps.slice(first).every((step) => step.class === "pointer"),
      "a node comes after a pointer",
    );
    for (const { key, value, meta } of pointersOf(steps)) {
      const [kept, keptMeta] = [await context.store.get(key), await context.store.getMeta(key)];
      const isSame = kept !== undefined && identity(kept) === identity(value);
      check(isSame, () => `the value of ${print(key)} is not the one in the store`);
      const { type, lastWrite, immutable } = meta;
      check(
        keptMeta?.type === type &&
          keptMeta.lastWrite === lastWrite &&
          keptMeta.immutable === immutable,
        () => `the metadata of ${print(key)} is not that in the store`,
      );
    }
  },
};

export const pointersReadOnce: Case<WalkerContext> = {
  says: "the pointers that are yielded are those that were walked, whatever becomes of them meanwhile",
  async run(context) {
    const wanted = textOf(await context.walk());
    const read = new Set<string>();
    const steps = await context.walk({
      replace: (key, value) => {
        if (context.walker.classify(key) !== "pointer" || value === undefined) return value;
        const isFirst = read.size < read.add(identity(key)).size;
        return isFirst ? value : null;
      },
    });
    check(textOf(steps) === wanted, "a pointer was read a second time, and its new value was used");
  },
};

export const sameOrder: Case<WalkerContext> = {
  says: "the order of a walk is always the same, however long each read takes",
  async run(context) {
    const wanted = textOf(await context.walk());
    for (const isUneven of [false, true]) {
      const text = textOf(await context.walk({ isUneven }));
      check(text === wanted, "two walks of the same store differ");
    }
  },
};

export const noPointers: Case<WalkerContext> = {
  says: "a store without pointers has nothing to walk",
  async run(context) {
    const steps = await context.walkAt([]);
    check(steps.length === 0, `${steps.length} keys were walked`);
  },
};

export const classesAgree: Case<WalkerContext> = {
  says: "classify says of every key what the walk says",
  async run(context) {
    for (const step of await context.walk()) {
      const meta = await context.store.getMeta(step.key);
      const found = context.walker.classify(step.key, meta);
      check(
        found === step.class,
        () => `${print(step.key)} is walked as ${step.class} and classified as ${found}`,
      );
    }
  },
};

export const missingNodes: Case<WalkerContext> = {
  says: "a node that is missing is NODE_MISSING with the path to it, never a shorter answer",
  async run(context) {
    const pointers = await context.now();
    const nodes = nodesOf(await context.walk());
    const step = Math.max(1, Math.floor(nodes.length / MISSING_NODES));
    for (let i = 0; i < nodes.length; i += step) {
      const node = nodes[i] as Edn;
      const changes = { isHidden: (key: Edn) => identity(key) === identity(node) };
      const failures = [
        ["a walk", await failureOf(context.walk(changes))],
        ["a diff", await failureOf(context.diff([], pointers, {}, changes))],
      ] as const;
      for (const [name, failure] of failures) {
        if (context.mayBeElsewhere(node) && failure === undefined) continue;
        checkMissing(failure, node, `${name} without ${print(node)} gave`);
      }
    }
  },
};

export const abortedWalk: Case<WalkerContext> = {
  says: "a walk and a diff with an aborted signal reject with its reason",
  async run(context) {
    const pointers = await context.now();
    const reason = new Error("aborted by the suite");
    const signal = AbortSignal.abort(reason);
    for (const failure of [
      await failureOf(context.walk({}, { signal })),
      await failureOf(context.diff([], pointers, { signal })),
    ]) {
      check(failure === reason, () => `${describe(failure)} instead of the signal's reason`);
    }
  },
};

export const progress: Case<WalkerContext> = {
  says: "progress only grows, and in the end counts every key",
  async run(context) {
    const told: WalkProgress[] = [];
    const steps = await context.walk({}, { onProgress: (one) => told.push({ ...one }) });
    const last = told.at(-1);
    check(last?.keys === steps.length, `${last?.keys} of ${steps.length} keys were told of`);
    check(last.decoded > 0, "no value was counted as decoded");
    for (const [i, { keys, decoded }] of told.slice(1).entries()) {
      const before = told[i];
      const grows = before !== undefined && keys >= before.keys && decoded >= before.decoded;
      check(grows, "progress went back");
    }
  },
};

function checkMissing(failure: unknown, node: Edn, what: string): void {
  const { path } = checkError(failure, ["NODE_MISSING"], what).details;
  check(Array.isArray(path) && path.length > 0, `${what} NODE_MISSING without details.path`);
  const end: unknown = path.at(-1);
  const name = isKind(node, "uuid") ? node.toString() : print(node);
  check(
    typeof end === "string" && [name, identity(node)].includes(end),
    () => `${what} NODE_MISSING with a path to ${String(end)}`,
  );
}
