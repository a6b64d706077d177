import { Datom } from "@datahike-sync/btset";
import type { DiffStep, PointerState, ReadableStore, Walker } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  EdnSet,
  identity,
  keyword,
  randomUuid,
  read,
  SyncError,
  type Uuid,
} from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { describe, expect, test } from "vitest";
import { type DatabaseSpec, mapOf, writeBranches, writeDatabase } from "./database.ts";
import { fields, goldenStore } from "./golden.ts";

const STORE_REF = mapOf({ "db/valueType": keyword("db.type/store-ref") });
const STRING = mapOf({ "db/valueType": keyword("db.type/string") });
const SCHEMA = new EdnMap([
  [keyword("file/blob"), STORE_REF],
  [keyword("file/name"), STRING],
  // The schema also says which entity an attribute is.
  [1, keyword("file/blob")],
]);

function files(...blobs: readonly Edn[]): Datom[] {
  return blobs.flatMap((blob, e) => [
    new Datom(e, keyword("file/blob"), blob, 536870913),
    new Datom(e, keyword("file/name"), `file-${e}`, 536870913),
    new Datom(e, keyword("other"), randomUuid(), 536870913),
  ]);
}

async function open(branches: Readonly<Record<string, DatabaseSpec>>): Promise<{
  readonly store: MemoryStore;
  readonly heads: readonly PointerState[];
}> {
  const store = await MemoryStore.open();
  const heads: PointerState[] = [];
  for (const [name, spec] of Object.entries(branches)) {
    heads.push(await writeDatabase(store, name, spec));
  }
  await writeBranches(store, ...Object.keys(branches));
  return { store, heads };
}

async function blobsIn(store: MemoryStore, count: number): Promise<Uuid[]> {
  const blobs = Array.from({ length: count }, randomUuid);
  for (const blob of blobs) await store.set(blob, Uint8Array.of(1), { type: "binary" });
  return blobs;
}

async function walk(walker: Walker, store: ReadableStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of walker.walk(store)) keys.push(identity(key));
  return keys;
}

async function diff(
  store: ReadableStore,
  from: readonly PointerState[],
  to: readonly PointerState[],
  walker: Walker = datahikeWalker(),
): Promise<Record<DiffStep["change"], string[]>> {
  const keys: Record<DiffStep["change"], string[]> = { added: [], removed: [] };
  for await (const { key, change } of walker.diff(store, from, to, { removed: true })) {
    keys[change].push(identity(key));
  }
  return keys;
}

describe("blobs that values name", () => {
  test.each<[string, Partial<DatabaseSpec>]>([
    ["a database", {}],
    ["a database with its roots in its record", { fused: true }],
    ["an old database with its schema in its record", { inlineSchema: true }],
  ])("are found in the indices of %s, current and temporal", async (_, more) => {
    const { store } = await open({ db: { datoms: [] } });
    const blobs = await blobsIn(store, 5);
    const [temporal, current] = [files(...blobs.slice(0, 2)), files(...blobs.slice(2))];
    await writeDatabase(store, "db", { datoms: current, temporal, schema: SCHEMA, ...more });
    const found = await walk(datahikeWalker(), store);
    expect(found).toEqual(expect.arrayContaining(blobs.map(identity)));
    expect(new Set(found).size).toBe(found.length);
    const present = await walk(datahikeWalker({ history: false }), store);
    expect(present.filter((key) => blobs.map(identity).includes(key)).sort()).toEqual(
      blobs.slice(2).map(identity).sort(),
    );
  });

  test("are found where attributes are numbers", async () => {
    const { store } = await open({ db: { datoms: [] } });
    const [blob, other] = (await blobsIn(store, 2)) as [Uuid, Uuid];
    await writeDatabase(store, "db", {
      datoms: [new Datom(9, 52, blob, 536870913), new Datom(9, 53, other, 536870913)],
      schema: SCHEMA,
      refs: new EdnMap([
        [keyword("file/blob"), 52],
        [keyword("file/name"), 53],
      ]),
      config: mapOf({ "attribute-refs?": true }),
    });
    const found = await walk(datahikeWalker(), store);
    expect(found).toContain(identity(blob));
    expect(found).not.toContain(identity(other));
  });

  test("are left out where they are kept elsewhere", async () => {
    const { store } = await open({ db: { datoms: files(randomUuid()), schema: SCHEMA } });
    const [here] = (await blobsIn(store, 1)) as [Uuid];
    const elsewhere = randomUuid();
    await writeDatabase(store, "db", { datoms: files(here, elsewhere), schema: SCHEMA });
    const found = await walk(datahikeWalker(), store);
    expect(found).toContain(identity(here));
    expect(found).not.toContain(identity(elsewhere));
  });

  test("are added and removed with the values that name them, the last of them", async () => {
    const { store } = await open({ db: { datoms: [] } });
    const [a, b, c] = (await blobsIn(store, 3)) as [Uuid, Uuid, Uuid];
    const before = await writeDatabase(store, "db", { datoms: files(a, b, b), schema: SCHEMA });
    const after = await writeDatabase(store, "db", { datoms: files(b, c, c), schema: SCHEMA });
    const { added, removed } = await diff(store, [before], [after]);
    expect([added[0], added.includes(identity(b))]).toEqual([identity(c), false]);
    expect([removed.at(-1), removed.includes(identity(b))]).toEqual([identity(a), false]);
    // Another branch still names it.
    const other = { key: keyword("other"), value: before.value };
    const branched = await diff(store, [before, other], [after, other]);
    expect(branched.removed).not.toContain(identity(a));
    expect(branched.added[0]).toBe(identity(c));
  });

  test("cost a database without any nothing but its schema", async () => {
    const datoms = Array.from({ length: 40 }, (_, e) => new Datom(e, keyword("n"), e, 536870913));
    const { store } = await open({ db: { datoms, schema: new EdnMap([[keyword("n"), STRING]]) } });
    let decoded = 0;
    const steps = datahikeWalker().walk(store, {
      onProgress: (progress) => (decoded = progress.decoded),
    });
    for await (const _ of steps);
    // The branches, the head, the schema and three roots.
    expect(decoded).toBe(6);
  });
});

describe("a schema", () => {
  test("that is missing is reported with the path to it", async () => {
    const { store, heads } = await open({ db: { datoms: [] } });
    const key = fields(heads[0]?.value).get(keyword("schema-meta-key")) as Uuid;
    await store.write([{ op: "delete", key }]);
    await expect(walk(datahikeWalker(), store)).rejects.toMatchObject({
      code: "NODE_MISSING",
      details: { path: [":db", key.toString()] },
    });
  });

  test("that is none is refused", async () => {
    const { store, heads } = await open({ db: { datoms: [] } });
    await store.set(fields(heads[0]?.value).get(keyword("schema-meta-key")) ?? null, "none");
    await expect(walk(datahikeWalker(), store)).rejects.toMatchObject({ code: "CODEC_INVALID" });
  });
});

describe("history", () => {
  test("is left out when asked for, with its nodes alone", async () => {
    const store = await goldenStore("datahike-0.8/branch");
    const [all, present] = [
      await walk(datahikeWalker(), store),
      await walk(datahikeWalker({ history: false }), store),
    ];
    expect(new Set(all)).toEqual(new Set([...all, ...present]));
    expect(present.length).toBeLessThan(all.length);
    expect(present.slice(-3)).toEqual(all.slice(-3));
  });
});

describe("commits", () => {
  const [first, second, third, gone] = Array.from({ length: 4 }, randomUuid) as [
    Uuid,
    Uuid,
    Uuid,
    Uuid,
  ];

  async function history() {
    const { store } = await open({ db: { datoms: files(1), commitId: first, parents: [gone] } });
    await writeDatabase(store, "db", { datoms: files(2), commitId: second, parents: [first] });
    const head = await writeDatabase(store, "db", {
      datoms: files(3),
      commitId: third,
      parents: [second],
    });
    return { store, head };
  }

  test("are walked from the head back, as many as asked for and there are", async () => {
    const { store } = await history();
    const records = async (commits: number) => {
      const found = await walk(datahikeWalker({ commits }), store);
      return [first, second, third].filter((id) => found.includes(identity(id)));
    };
    expect(await records(0)).toEqual([]);
    expect(await records(1)).toEqual([third]);
    expect(await records(2)).toEqual([second, third]);
    expect(await records(9)).toEqual([first, second, third]);
  });

  test("bring what they reach, before themselves", async () => {
    const { store } = await history();
    const walker = datahikeWalker({ commits: 2 });
    const found = await walk(walker, store);
    for (const id of [second, third]) {
      const children = walker.children((await store.get(id)) ?? null).map(identity);
      expect(children).toHaveLength(4);
      for (const child of children) {
        expect(found.slice(0, found.indexOf(identity(id)))).toContain(child);
      }
    }
  });

  test("end where one is missing, and where a database keeps none", async () => {
    const { store } = await history();
    await store.write([{ op: "delete", key: second }]);
    const found = await walk(datahikeWalker({ commits: 9 }), store);
    expect(found).toContain(identity(third));
    expect(found).not.toContain(identity(first));
    await store.write([{ op: "delete", key: third }]);
    expect(await walk(datahikeWalker({ commits: 9 }), store)).toEqual(
      await walk(datahikeWalker(), store),
    );
  });

  test("that are shared by branches are given once", async () => {
    const { store, head } = await history();
    await store.set(keyword("other"), head.value);
    await writeBranches(store, "db", "other");
    const found = await walk(datahikeWalker({ commits: 3 }), store);
    expect(new Set(found).size).toBe(found.length);
  });

  test("come and go as heads move", async () => {
    const { store, head } = await history();
    const before = { key: head.key, value: (await store.get(second)) ?? null };
    const { added, removed } = await diff(store, [before], [head], datahikeWalker({ commits: 1 }));
    expect(added.at(-1)).toBe(identity(third));
    expect(removed[0]).toBe(identity(second));
    const kept = await diff(store, [before], [head], datahikeWalker({ commits: 2 }));
    expect(kept.removed[0]).toBe(identity(first));
    expect(kept.added.at(-1)).toBe(identity(third));
  });

  test("are asked for by a whole number", () => {
    for (const commits of [-1, 0.5, Number.NaN]) {
      expect(() => datahikeWalker({ commits })).toThrow(RangeError);
    }
  });
});

describe("a selection", () => {
  async function select(walker: Walker, options: string, store: ReadableStore): Promise<string[]> {
    return walk(walker.select(read(options)), store);
  }

  test("is what walkers with these options walk", async () => {
    const store = await goldenStore("datahike-0.8/branch");
    const db = keyword("db");
    for (const [text, options] of [
      ["{}", {}],
      ["{:branches #{:db}}", { branches: [db] }],
      ["{:branches [:db :other] :history false}", { branches: [db], history: false }],
      ["{:branches #{}}", { branches: [] }],
    ] as const) {
      expect(await select(datahikeWalker(), text, store)).toEqual(
        await walk(datahikeWalker(options), store),
      );
    }
  });

  test("never widens what there is", async () => {
    const store = await goldenStore("datahike-0.8/branch");
    const few = datahikeWalker({ branches: [keyword("feature")], history: false, commits: 1 });
    expect(await select(few, "{:history true :commits 9}", store)).toEqual(await walk(few, store));
    expect(await select(few, "{:commits 0}", store)).toEqual(
      await walk(datahikeWalker({ branches: [keyword("feature")], history: false }), store),
    );
    expect(await select(few, "{:branches #{:db}}", store)).toEqual([identity(keyword("branches"))]);
    expect(few.select(read("{:branches #{:db}}")).classify(keyword("feature"))).toBe("cell");
  });

  test.each([
    "5",
    "[]",
    "{:commit 1}",
    "{:commits -1}",
    "{:commits 0.5}",
    "{:history nil}",
    "{:branches :db}",
    '{:branches ["db"]}',
  ])("of %s is refused", (options) => {
    expect(() => datahikeWalker().select(read(options))).toThrow(TypeError);
  });
});

describe("pointers", () => {
  const named = (walker: Walker, known: Readonly<Record<string, Edn>> = {}) =>
    walker.pointers(Object.entries(known).map(([name, value]) => ({ key: keyword(name), value })));

  test("are the heads of the branches that the set names, and the set", () => {
    const branches = read("#{:feature :db}");
    const names = ["db", "feature", "branches"].map((name) => keyword(name));
    expect(named(datahikeWalker(), { branches })).toEqual(names);
    expect(named(datahikeWalker({ branches: [keyword("db")] }), { branches })).toEqual([
      keyword("db"),
      keyword("branches"),
    ]);
    expect(named(datahikeWalker(), { branches: read("#{}"), db: null })).toEqual([
      keyword("branches"),
    ]);
  });

  test("begin with the one branch of a store without the set", () => {
    expect(named(datahikeWalker())).toEqual([keyword("db"), keyword("branches")]);
    expect(named(datahikeWalker({ branches: [keyword("feature")] }))).toEqual([
      keyword("branches"),
    ]);
  });

  test("are never named by a set that is none, nor the set by itself", () => {
    expect(() => named(datahikeWalker(), { branches: read("[:db]") })).toThrow(SyncError);
    expect(named(datahikeWalker(), { branches: read("#{:branches}") })).toEqual([
      keyword("branches"),
    ]);
  });
});

describe("a store that gives addresses to other nodes", () => {
  const recycling = mapOf({ "online-gc": mapOf({ "enabled?": true }) });

  test("is told by its configuration", async () => {
    const { heads } = await open({
      db: { datoms: [], config: recycling },
      plain: { datoms: [] },
      off: { datoms: [], config: mapOf({ "online-gc": mapOf({ "enabled?": false }) }) },
      hashed: { datoms: [], config: recycling.with(keyword("crypto-hash?"), true) },
    });
    const walker = datahikeWalker();
    expect(heads.map(({ value }) => walker.recycles(value))).toEqual([true, false, false, false]);
    expect(walker.recycles("other")).toBe(false);
  });

  test("differs by all that it reaches, and nothing is called removed", async () => {
    const { store, heads } = await open({
      db: { datoms: files(1, 2), config: recycling },
    });
    const [head] = heads as [PointerState];
    const all = await diff(store, [], [head]);
    expect(await diff(store, [head], [head])).toEqual(all);
    expect(all.added.length).toBeGreaterThan(6);
    const plain = await writeDatabase(store, "db", { datoms: files(1) });
    expect((await diff(store, [head], [plain])).removed).toEqual([]);
  });
});

describe("a very old store", () => {
  test("without a set of branches has one, and an empty store has none", async () => {
    const { store } = await open({ db: { datoms: files(1), inlineSchema: true } });
    await store.write([{ op: "delete", key: keyword("branches") }]);
    const found = await walk(datahikeWalker(), store);
    expect(found.at(-1)).toBe(identity(keyword("db")));
    expect(await walk(datahikeWalker(), await MemoryStore.open())).toEqual([]);
  });
});

describe("a hostile store", () => {
  test.each<[string, Edn, string]>([
    ["branches that are no set", [keyword("db")], "CODEC_INVALID"],
    ["branches that are no keywords", new EdnSet(["db"]), "CODEC_INVALID"],
  ])("with %s is refused", async (_, branches, code) => {
    const { store } = await open({ db: { datoms: [] } });
    await store.set(keyword("branches"), branches);
    await expect(walk(datahikeWalker(), store)).rejects.toMatchObject({ code });
  });

  test.each<[string, (head: EdnMap) => Edn, string]>([
    ["that is no map", () => "head", "CODEC_INVALID"],
    ["without an index", (head) => head.without(keyword("aevt-key")), "CODEC_INVALID"],
    [
      "with another kind of index",
      (head) => head.with(keyword("aevt-key"), mapOf({})),
      "CODEC_UNSUPPORTED",
    ],
    ["whose root is no node", (head) => head.with(keyword("eavt-root"), 5), "CODEC_INVALID"],
  ])("with a head %s is refused", async (_, change, code) => {
    const { store, heads } = await open({ db: { datoms: files(1) } });
    await store.set(keyword("db"), change(fields(heads[0]?.value)));
    await expect(walk(datahikeWalker(), store)).rejects.toMatchObject({ code });
  });

  test("whose commits are their own parents is walked to its end", async () => {
    const id = randomUuid();
    const { store } = await open({ db: { datoms: files(1), commitId: id, parents: [id] } });
    const found = await walk(datahikeWalker({ commits: 1000 }), store);
    expect(found.filter((key) => key === identity(id))).toHaveLength(1);
  });
});

test("an aborted walk and diff reject with the reason", async () => {
  const { store, heads } = await open({ db: { datoms: files(1, 2, 3) } });
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const steps = [
    datahikeWalker().walk(store, { signal }),
    datahikeWalker().diff(store, [], heads, { signal }),
    datahikeWalker({ commits: 1 }).diff(store, heads, heads, { signal }),
  ];
  for (const walking of steps) await expect(walking.next()).rejects.toBe(reason);
});

test("the same pointers are walked in the same order, whatever order the branches are in", async () => {
  const store = await goldenStore("datahike-0.8/branch");
  const found = await walk(datahikeWalker(), store);
  await writeBranches(store, "feature", "db");
  expect(await walk(datahikeWalker(), store)).toEqual(found);
  await writeBranches(store, "db", "feature");
  expect(await walk(datahikeWalker(), store)).toEqual(found);
});
