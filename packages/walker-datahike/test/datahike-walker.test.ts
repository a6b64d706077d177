import type {
  Codec,
  DiffStep,
  PointerState,
  ReadableStore,
  Walker,
  WalkProgress,
  WalkStep,
} from "@datahike-sync/core";
import {
  type Edn,
  EdnSet,
  identity,
  type Keyword,
  keyword,
  kindOf,
  type Uuid,
} from "@datahike-sync/edn";
import { STORES, type StoreName } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import {
  type DatahikeWalkerOptions,
  datahikeWalker,
  isDbRecord,
} from "@datahike-sync/walker-datahike";
import { describe, expect, test } from "vitest";
import {
  codec,
  fields,
  goldenEntries,
  goldenStore,
  referenceBranches,
  referenceKeys,
} from "./golden.ts";

const DB = keyword("db");
const FEATURE = keyword("feature");
const BRANCHES = keyword("branches");

/** The walker of 2025 knew one branch, and did not send the set of them. */
function isOld(name: StoreName): boolean {
  return name.startsWith("datahike-0.6/");
}

describe.each(STORES)("walking %s", (name) => {
  test("finds what the reference walker found", async () => {
    const store = await goldenStore(name);
    const walker = datahikeWalker(isOld(name) ? { branches: [DB] } : {});
    const expected = new Set((await referenceKeys(name)).map(identity));
    if (isOld(name)) expected.add(identity(BRANCHES));
    const found = (await collect(walker.walk(store))).map(({ key }) => identity(key));
    expect(new Set(found)).toEqual(expected);
    expect(found.length, "each key once").toBe(expected.size);
  });

  test("yields children before parents, and pointers last", async () => {
    const store = await goldenStore(name);
    const walker = datahikeWalker({ commits: 3 });
    const steps = await collect(walker.walk(store));
    const given = new Set<string>();
    for (const { key } of steps) {
      const value = (await store.get(key)) ?? null;
      for (const child of walker.children(value)) expect(given).toContain(identity(child));
      given.add(identity(key));
    }
    const classes = steps.map((step) => step.class);
    expect(classes.lastIndexOf("node")).toBeLessThan(classes.indexOf("pointer"));
    expect(steps.at(-1)?.key).toBe(BRANCHES);
    for (const step of steps) {
      expect(walker.classify(step.key)).toBe(step.class);
    }
    for (const step of steps.filter((one) => one.class === "pointer")) {
      expect(step.value).toEqual(await store.get(step.key));
    }
  });

  test("misses no node that is gone, and names the path to it", async () => {
    const entries = await goldenEntries(name);
    const walker = datahikeWalker();
    const nodes = (await collect(walker.walk(await goldenStore(name)))).filter(isNode);
    const store = await MemoryStore.open({ codec });
    await store.write(entries);
    const byKey = new Map(entries.map((entry) => [identity(entry.key), entry]));
    const share = cases(nodes.length);
    for (let number = 0; number < share; number++) {
      const { key } = nodes[(seed * share + number * 7919) % nodes.length] as WalkStep;
      await store.write([{ op: "delete", key }]);
      const error = await collect(walker.walk(store)).catch((reason: unknown) => reason);
      expect(error, `without ${identity(key)}`).toMatchObject({ code: "NODE_MISSING" });
      const { path } = (error as { details: { path: string[] } }).details;
      expect([":db", ":feature"]).toContain(path[0]);
      expect(path.at(-1)).toBe((key as Uuid).toString());
      const entry = byKey.get(identity(key));
      if (entry !== undefined) await store.write([entry]);
    }
  });
});

describe.each(["datahike-0.6/branch", "datahike-0.8/branch"] as const)("branches of %s", (name) => {
  test("are walked as chosen", async () => {
    const store = await goldenStore(name);
    const walks = await referenceBranches(name);
    expect(walks.length).toBeGreaterThan(3);
    for (const { branches, keys } of walks) {
      const expected = new Set(keys.map(identity));
      const found = await keysOf(datahikeWalker(chosen(branches, name)), store);
      expect(found).toEqual(expected.add(identity(BRANCHES)));
    }
  });

  test("that are not there are left out", async () => {
    const store = await goldenStore(name);
    const none = await keysOf(datahikeWalker({ branches: [keyword("other")] }), store);
    expect(none).toEqual(new Set([identity(BRANCHES)]));
  });

  test("that have lost their head are missed, unless they are deleted meanwhile", async () => {
    const store = await goldenStore(name);
    await store.write([{ op: "delete", key: FEATURE }]);
    await expect(collect(datahikeWalker().walk(store))).rejects.toMatchObject({
      code: "NODE_MISSING",
      details: { path: [":branches", ":feature"] },
    });
    let reads = 0;
    const deleting = reading(store, async (keys) => {
      // The set of branches is read first; by the time the heads are, one branch is deleted.
      if (++reads === 2) await store.set(BRANCHES, new EdnSet([DB]));
      return store.getMany(keys);
    });
    const steps = await collect(datahikeWalker().walk(deleting));
    expect(steps.filter((step) => step.class === "pointer").map(({ key }) => key)).toEqual([
      DB,
      BRANCHES,
    ]);
  });
});

describe.each(["datahike-0.6/medium", "datahike-0.8/medium"] as const)("%s", (name) => {
  test("is walked with few of its values decoded", async () => {
    let decoded = 0;
    const counting: Codec = {
      ...codec,
      decode: (bytes) => {
        decoded++;
        return codec.decode(bytes);
      },
    };
    const store = await goldenStore(name, counting);
    const progress: WalkProgress[] = [];
    const walker = datahikeWalker();
    const steps = await collect(walker.walk(store, { onProgress: (at) => progress.push(at) }));
    expect(decoded / steps.length).toBeLessThan(0.1);
    expect(progress.at(-1)).toEqual({ keys: steps.length, decoded });
    expect(progress.length).toBe(1 + Math.floor(steps.length / 256));
  });

  test("differs between any two commits as their walks do", async () => {
    const store = await goldenStore(name);
    const walker = datahikeWalker();
    const commits = await commitsOf(store);
    expect(commits.length).toBeGreaterThan(5);
    const reached = new Map<PointerState, ReadonlySet<string>>();
    for (const commit of commits) reached.set(commit, await reach(walker, store, commit.value));
    for (const from of commits) {
      for (const to of commits) {
        const steps = await collect(walker.diff(store, [from], [to], { removed: true }));
        const [before, after] = [reached.get(from), reached.get(to)];
        expectDifference(steps, before ?? new Set(), after ?? new Set());
        expect(await misplacedParents(walker, store, steps)).toEqual([]);
      }
    }
  });

  test("differs by little after a small commit, and few values tell", async () => {
    const store = await goldenStore(name);
    const commits = await commitsOf(store);
    const last = commits.toSorted((a, b) => maxTx(a) - maxTx(b)).slice(-2);
    let decoded = 0;
    const onProgress = (progress: WalkProgress) => (decoded = progress.decoded);
    const walker = datahikeWalker();
    const steps = await collect(
      walker.diff(store, last.slice(0, 1), last.slice(1), { onProgress }),
    );
    expect(steps.length).toBeGreaterThan(0);
    expect(decoded).toBeLessThan(60);
  });
});

test("a state that is too old to be read is told from one that has lost a node", async () => {
  const store = await goldenStore("datahike-0.8/branch");
  const [old, now] = (await commitsOf(store)).slice(0, 2) as [PointerState, PointerState];
  const walker = datahikeWalker();
  const shared = await reach(walker, store, now.value);
  const lost = walker.children(old.value).find((key) => !shared.has(identity(key))) ?? null;
  await store.write([{ op: "delete", key: lost }]);
  for (const [from, to, side] of [
    [old, now, "from"],
    [now, old, "to"],
  ] as const) {
    const error = await collect(walker.diff(store, [from], [to])).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "NODE_MISSING", details: { side } });
    const { path } = (error as { details: { path: string[] } }).details;
    expect([path[0], path.at(-1)]).toEqual([":db", (lost as Uuid).toString()]);
  }
});

describe("several branches", () => {
  test.each(["datahike-0.6/branch", "datahike-0.8/branch", "datahike-0.8/crypto-hash"] as const)(
    "of %s differ as their walks do, whatever heads they have",
    async (name) => {
      const store = await goldenStore(name);
      const commits = await commitsOf(store);
      expect(commits.length).toBeGreaterThan(3);
      const walker = datahikeWalker();
      for (let number = 0; number < cases(300); number++) {
        const random = new Random(number);
        const [from, to] = [0, 1].map(() =>
          [DB, FEATURE, keyword("third")]
            .slice(random.below(3))
            .map((key) => ({ key, value: random.pick(commits).value })),
        ) as [PointerState[], PointerState[]];
        const steps = await collect(walker.diff(store, from, to, { removed: true }));
        const [before, after] = [new Set<string>(), new Set<string>()];
        for (const { value } of from)
          for (const key of await reach(walker, store, value)) before.add(key);
        for (const { value } of to)
          for (const key of await reach(walker, store, value)) after.add(key);
        expectDifference(steps, before, after, `seed ${seed}, case ${number}`);
      }
    },
  );
});

/** The options that choose what the reference walker was given. */
function chosen(branches: Edn, name: StoreName): DatahikeWalkerOptions {
  if (isOld(name) || branches === keyword("trunk")) return { branches: [DB] };
  if (branches === keyword("all")) return {};
  return { branches: Array.isArray(branches) ? branches : [branches as Keyword] };
}

async function keysOf(walker: Walker, store: ReadableStore): Promise<ReadonlySet<string>> {
  return new Set((await collect(walker.walk(store))).map(({ key }) => identity(key)));
}

/** The commits that a store has records of, each as the head of a branch. */
async function commitsOf(store: ReadableStore): Promise<PointerState[]> {
  const commits: PointerState[] = [];
  for await (const { key } of store.keys()) {
    const value = await store.get(key);
    if (kindOf(key) === "uuid" && isDbRecord(value)) commits.push({ key: DB, value });
  }
  return commits.toSorted((a, b) => (identity(a.value) < identity(b.value) ? -1 : 1));
}

function maxTx({ value }: PointerState): number {
  return Number(fields(value).get(keyword("max-tx")));
}

/** All keys below a value, found by reading every one of them. */
async function reach(walker: Walker, store: ReadableStore, value: Edn): Promise<Set<string>> {
  const keys = new Set<string>();
  const open = [...walker.children(value)];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (keys.has(identity(key))) continue;
    keys.add(identity(key));
    open.push(...walker.children((await store.get(key)) ?? null));
  }
  return keys;
}

function expectDifference(
  steps: readonly DiffStep[],
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  label?: string,
): void {
  const changed = (change: string) =>
    steps.filter((step) => step.change === change).map(({ key }) => identity(key));
  const [added, removed] = [changed("added"), changed("removed")];
  expect(added.toSorted(), label).toEqual([...after].filter((key) => !before.has(key)).sort());
  expect(removed.toSorted(), label).toEqual([...before].filter((key) => !after.has(key)).sort());
}

/** Parents that are added before a child, or removed after one. */
async function misplacedParents(
  walker: Walker,
  store: ReadableStore,
  steps: readonly DiffStep[],
): Promise<Edn[]> {
  const misplaced: Edn[] = [];
  const places = new Map(steps.map(({ key }, place) => [identity(key), place]));
  for (const [place, { key, change }] of steps.entries()) {
    for (const child of walker.children((await store.get(key)) ?? null)) {
      const at = places.get(identity(child));
      if (at !== undefined && at < place !== (change === "added")) misplaced.push(key);
    }
  }
  return misplaced;
}

/** A store that reads many keys in another way. */
function reading(
  store: MemoryStore,
  getMany: (keys: readonly Edn[]) => Promise<(Edn | undefined)[]>,
): ReadableStore {
  return {
    get: store.get.bind(store),
    getMany,
    getMeta: store.getMeta.bind(store),
    has: store.has.bind(store),
    keys: store.keys.bind(store),
    close: store.close.bind(store),
    [Symbol.asyncDispose]: store.close.bind(store),
  } as ReadableStore;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function isNode(step: WalkStep): boolean {
  return step.class === "node";
}
