import {
  type Branch,
  cborHandlers,
  Datom,
  fressianHandlers,
  Leaf,
  MAX_LEVEL,
  RootHandle,
  toDatom,
  toNode,
} from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import {
  type Edn,
  type EdnMap,
  identity,
  keyword,
  list,
  type Tagged,
  tagged,
  uuid,
} from "@datahike-sync/edn";
import { readStoreFiles, STORES } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { codec } from "./golden.ts";
import { branch, datom, handle, leaf, mapOf } from "./tree.ts";

const HEADER = 20;
const ADDRESS = uuid("6b008129-3973-4f7c-b6e8-b521222cfb34");

describe.each(STORES)("the values of %s", (name) => {
  test("are written again as the bytes that were read", async () => {
    const generic = fressianCodec();
    const made = new Set<unknown>();
    for (const { bytes } of await readStoreFiles(name)) {
      const metaEnd = HEADER + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
      const stored = bytes.slice(metaEnd);
      const value = codec.decode(stored);
      expect(sameBytes(codec.encode(value), stored)).toBe(true);
      const node = toNode(value);
      // What a codec without our readers makes of it is brought to the same classes.
      const same = toNode(generic.decode(stored));
      expect(same?.constructor).toBe(node?.constructor);
      made.add(node?.constructor);
      if (node === undefined || same === undefined) continue;
      expect(sameBytes(codec.encode(same), stored)).toBe(true);
      if (node instanceof RootHandle || same instanceof RootHandle) continue;
      expect(outline(same.keys.map(toDatom))).toBe(outline(node.keys as Datom[]));
    }
    expect(made.size).toBeGreaterThan(0);
  });
});

/** All but the values, which take long to compare. */
function outline(datoms: readonly Datom[]): string {
  return datoms.map(({ e, a, tx, added }) => `${e} ${identity(a)} ${tx} ${added}`).join();
}

/** Vitest takes long to compare long arrays. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

test("nodes of the older generation have raw lists and few fields", () => {
  const old = fressianHandlers();
  const read = (tag: string, fields: EdnMap) => old[tag]?.([fields]);
  const datoms = [datom(1, "a", 1), datom(2, "a", 1)];
  const oldLeaf = read(
    "datahike.index.PersistentSortedSet.Leaf",
    mapOf({ level: 0, keys: list(...datoms) }),
  );
  expect(oldLeaf).toBeInstanceOf(Leaf);
  expect((oldLeaf as Leaf).keys).toEqual(datoms);
  const oldBranch = read(
    "datahike.index.PersistentSortedSet.Branch",
    mapOf({ level: 1, keys: list(...datoms), addresses: list(ADDRESS, ADDRESS) }),
  );
  expect((oldBranch as Branch).addresses).toEqual([ADDRESS, ADDRESS]);
  const oldRoot = read(
    "datahike.index.PersistentSortedSet",
    mapOf({ meta: mapOf({ "index-type": keyword("aevt") }), address: ADDRESS, count: 7 }),
  );
  expect(oldRoot).toMatchObject({ address: ADDRESS, count: 7, index: "aevt" });
});

test("nodes keep the fields that nobody here knows", () => {
  const fields = mapOf({ keys: [], measure: null, "from-the-future": [1, 2] });
  const node = toNode(tagged("pss/leaf", fields));
  expect(node?.toEdn().fields[0]).toBe(fields);
  expect(node?.identity).toBe(identity(tagged("pss/leaf", fields)));
});

test("datoms are read by their names in Fressian, CBOR and EDN text", () => {
  const items = [1, keyword("a"), "v", 536870913, true];
  const expected = new Datom(1, keyword("a"), "v", 536870913);
  for (const tag of ["datahike.datom.Datom", "datahike.datom/Datom", "datahike/Datom"]) {
    expect(toDatom(tagged(tag, items))).toEqual(expected);
  }
  expect(fressianHandlers()["datahike.datom.Datom"]?.([items])).toEqual(expected);
  expect(cborHandlers()["datahike.datom/Datom"]?.([items])).toEqual(expected);
  expect(expected.toEdn()).toEqual(tagged("datahike.datom.Datom", items));
});

test("nodes and datoms of another copy of this package are taken for what they are", () => {
  const foreign = (edn: Tagged): Edn => ({
    ednKind: "extension",
    identity: identity(edn),
    toEdn: () => edn,
  });
  const original = datom(1, "a", 1);
  expect(toDatom(foreign(original.toEdn()))).toEqual(original);
  expect(toNode(foreign(leaf([original]).toEdn()))).toBeInstanceOf(Leaf);
  expect(toNode(foreign(tagged("other", 1)))).toBeUndefined();
  expect(() => toDatom(foreign(tagged("other", 1)))).toThrow("instead of a datom");
});

test("values that are no nodes are none", () => {
  const values = [undefined, null, 1, "pss/leaf", mapOf({ keys: [] }), tagged("__proto__", 1)];
  for (const value of values) expect(toNode(value)).toBeUndefined();
});

const item = datom(1, "a", 1);

test.each<[string, Tagged]>([
  ["a leaf without fields", tagged("pss/leaf")],
  ["a leaf of two values", tagged("pss/leaf", mapOf({ keys: [] }), 1)],
  ["a leaf that is no map", tagged("pss/leaf", [])],
  ["a leaf without keys", tagged("pss/leaf", mapOf({}))],
  ["a leaf with keys of another kind", tagged("pss/leaf", mapOf({ keys: "abc" }))],
  ["a leaf of level 1", tagged("pss/leaf", mapOf({ keys: [], level: 1 }))],
  ["a branch without level", tagged("pss/branch", mapOf({ keys: [1], addresses: [ADDRESS] }))],
  ["a branch of level 0", branchEdn({ level: 0 })],
  ["a branch of half a level", branchEdn({ level: 1.5 })],
  ["a branch without children", branchEdn({ keys: [], addresses: [] })],
  ["a branch of more keys than addresses", branchEdn({ keys: [item, item] })],
  ["a branch to nowhere", branchEdn({ addresses: [null] })],
  ["a branch with slots that are no map", branchEdn({ slots: [1] })],
  ["a root without address", tagged("pss/set", mapOf({ count: 1 }))],
])("%s is refused", (_, edn) => {
  expect(() => toNode(edn)).toThrow(expect.objectContaining({ code: "CODEC_INVALID" }));
});

test("a tree of more levels than any has is refused, naming the limit", () => {
  expect(() => toNode(branchEdn({ level: MAX_LEVEL + 1 }))).toThrow(
    expect.objectContaining({
      code: "CODEC_LIMIT",
      details: { limit: "MAX_LEVEL", level: MAX_LEVEL + 1 },
    }),
  );
  expect(branch(MAX_LEVEL, [item], [ADDRESS]).level).toBe(MAX_LEVEL);
});

test.each<[string, Edn]>([
  ["a number", 1],
  ["a vector that nobody tagged", [1, keyword("a"), 1, 1, true]],
  ["another tag", tagged("datahike.db.DB", [1, keyword("a"), 1, 1, true])],
  ["two fields", tagged("datahike.datom.Datom", [1, keyword("a"), 1, 1, true], 1)],
  ["no vector", tagged("datahike.datom.Datom", "abcde")],
  ["four components", tagged("datahike.datom.Datom", [1, keyword("a"), 1, 1])],
  ["an entity that is no integer", tagged("datahike.datom.Datom", [0.5, keyword("a"), 1, 1, true])],
  ["an attribute that is none", tagged("datahike.datom.Datom", [1, [1], 1, 1, true])],
  ["a transaction that is none", tagged("datahike.datom.Datom", [1, keyword("a"), 1, null, true])],
  ["a mark that is no boolean", tagged("datahike.datom.Datom", [1, keyword("a"), 1, 1, 1])],
])("a datom of %s is refused", (_, value) => {
  expect(() => toDatom(value)).toThrow(expect.objectContaining({ code: "CODEC_INVALID" }));
});

test("root handles say what they know", () => {
  expect(handle(ADDRESS, "avet")).toMatchObject({ index: "avet", count: undefined });
  expect(toNode(tagged("pss/set", mapOf({ address: 5 })))).toMatchObject({
    address: 5,
    index: undefined,
  });
});

function branchEdn(fields: Readonly<Record<string, Edn>>): Tagged {
  return tagged("pss/branch", mapOf({ level: 1, keys: [item], addresses: [ADDRESS], ...fields }));
}
