import { type Datom, datomOrder, openIndex } from "@datahike-sync/btset";
import { type Edn, EdnMap, keyword, randomUuid, type Uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { branch, collect, datom, handle, leaf, mapOf, rows, sorted } from "./tree.ts";

const order = datomOrder("eavt");

/** A stored node, its range of entities, and what it holds when nothing is projected onto it. */
interface Model {
  readonly address: Uuid;
  readonly children: readonly Model[];
  readonly first: number;
  readonly end: number;
  readonly datoms: readonly Datom[];
}

const ENTITIES = 6;

test("random trees with random slots at every level read as what they stand for", async () => {
  for (let number = 0; number < cases(300); number++) {
    const random = new Random(number);
    const store = await MemoryStore.open();
    const root = await build(store, random, 1 + random.below(3), 0);
    const index = openIndex(store, handle(root.address));
    const label = `seed ${seed}, case ${number}`;
    expect(rows(await collect(index.datoms())), label).toEqual(rows(root.datoms));
    const reversed = await collect(index.datoms({ reverse: true }));
    expect(rows(reversed.reverse()), label).toEqual(rows(root.datoms));
    const [from, to] = [random.below(root.end), random.below(root.end)];
    const slice = await collect(index.datoms({ from: { e: from }, to: { e: to } }));
    const expected = root.datoms.filter(({ e }) => e >= from && e <= to);
    expect(rows(slice), label).toEqual(rows(expected));
  }
});

async function build(
  store: MemoryStore,
  random: Random,
  level: number,
  first: number,
): Promise<Model> {
  const address = randomUuid();
  if (level === 0) {
    const end = first + ENTITIES;
    const datoms = someDatoms(random, first, end);
    await store.set(address, leaf(datoms));
    return { address, children: [], first, end, datoms };
  }
  const children: Model[] = [];
  let end = first;
  for (let count = 1 + random.below(4); count > 0; count--) {
    const child = await build(store, random, level - 1, end);
    children.push(child);
    end = child.end;
  }
  const unchanged: Model = {
    address,
    children,
    first,
    end,
    datoms: children.flatMap(({ datoms }) => datoms),
  };
  const keys = children.map(({ datoms }) => datoms.at(-1) ?? null);
  const addresses = children.map((child) => child.address);
  const datoms = random.below(2) === 0 ? unchanged.datoms : changed(unchanged, random);
  const slots = difference(unchanged, datoms, random);
  await store.set(address, branch(level, keys, addresses, { slots }));
  return { ...unchanged, datoms };
}

function someDatoms(random: Random, first: number, end: number): Datom[] {
  const datoms = Array.from({ length: 1 + random.below(8) }, () => oneDatom(random, first, end));
  return sorted(datoms, order);
}

function oneDatom(random: Random, first: number, end: number): Datom {
  const e = first + random.below(end - first);
  return datom(e, random.pick(["a", "b"]), random.below(3), 536870913 + random.below(2));
}

/** Other contents of a node, at least one datom in each leaf. */
function changed(model: Model, random: Random): Datom[] {
  if (model.children.length > 0) {
    return model.children.flatMap((child) =>
      random.below(2) === 0 ? child.datoms : changed(child, random),
    );
  }
  const kept = model.datoms.filter(() => random.below(3) > 0);
  return sorted([...kept, ...someDatoms(random, model.first, model.end)], order);
}

/** The changes that make a node read as these datoms, in the form of FORMATS: nested by level. */
function difference(model: Model, wanted: readonly Datom[], random: Random): EdnMap {
  if (model.children.length === 0) return leafDifference(model, wanted, random);
  const slots: [number, Edn][] = [];
  for (const [i, child] of model.children.entries()) {
    const part = wanted.filter(({ e }) => e >= child.first && e < child.end);
    // Without a slot a child is read as it is, its own slots included.
    if (rows(part).join() === rows(child.datoms).join()) continue;
    const slot = mapOf({
      "max-key": part.at(-1) ?? null,
      measure: null,
      count: part.length,
      diff: difference(child, part, random),
    });
    slots.push([i, slot]);
  }
  return new EdnMap(slots);
}

function leafDifference(model: Model, wanted: readonly Datom[], random: Random): EdnMap {
  const [has, wants] = [new Set(rows(model.datoms)), new Set(rows(wanted))];
  const present = wanted.filter(({ identity }) => !has.has(identity) || random.below(4) === 0);
  const absent = model.datoms.filter(({ identity }) => !wants.has(identity));
  const nowhere = datom(model.first, "nowhere", 1);
  return mapOf({ present, absent: random.below(2) === 0 ? absent : [...absent, nowhere] });
}

test("a leaf drops what is absent and takes what is present, in its place", async () => {
  const [one, two, three, four] = [1, 2, 3, 4].map((e) => datom(e, "a", 1)) as [
    Datom,
    Datom,
    Datom,
    Datom,
  ];
  const store = await MemoryStore.open();
  const child = randomUuid();
  await store.set(child, leaf([one, three]));
  const diff = mapOf({ present: [two, four], absent: [one] });
  const slots = new EdnMap([[0, mapOf({ "max-key": four, measure: null, count: 3, diff })]]);
  const root = branch(1, [three], [child], { slots });
  const index = openIndex(store, handle(randomUuid()), { root });
  expect(await collect(index.datoms())).toEqual([two, three, four]);
  // The stored separator ends before the datom that the slot brings.
  expect(await collect(index.datoms({ from: { e: 4 } }))).toEqual([four]);
});

test.each<[string, EdnMap]>([
  ["of no child", new EdnMap([[1, mapOf({ "max-key": datom(1, "a", 1), diff: mapOf({}) })]])],
  ["under no number", new EdnMap([["0", mapOf({ "max-key": datom(1, "a", 1) })]])],
  ["that is no map", new EdnMap([[0, 1]])],
  ["without a largest datom", new EdnMap([[0, mapOf({ diff: mapOf({}) })]])],
  ["without changes", new EdnMap([[0, mapOf({ "max-key": datom(1, "a", 1) })]])],
  ["with changes of another kind", slotOf(mapOf({ present: 1 }))],
  ["with something else than datoms", slotOf(mapOf({ absent: [keyword("a")] }))],
])("a slot %s is refused", async (_, slots) => {
  const store = await MemoryStore.open();
  const child = randomUuid();
  await store.set(child, leaf([datom(1, "a", 1)]));
  const root = branch(1, [datom(1, "a", 1)], [child], { slots });
  const index = openIndex(store, handle(randomUuid()), { root });
  await expect(collect(index.datoms())).rejects.toMatchObject({ code: "CODEC_INVALID" });
});

function slotOf(diff: EdnMap): EdnMap {
  return new EdnMap([[0, mapOf({ "max-key": datom(1, "a", 1), diff })]]);
}
