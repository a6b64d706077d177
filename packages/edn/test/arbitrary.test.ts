import { type Edn, identity, isKind, type Kind, kindOf, print } from "@datahike-sync/edn";
import { ednArbitrary, keyArbitrary } from "@datahike-sync/edn/arbitrary";
import { seed } from "@datahike-sync/testing";
import fc, * as namespace from "fast-check";
import { expect, test } from "vitest";

const sample = { numRuns: 3000, seed };

function kindsWithin(value: Edn, found: Set<Kind> = new Set()): Set<Kind> {
  const kind = kindOf(value);
  if (kind !== undefined) found.add(kind);
  if (Array.isArray(value)) for (const item of value as readonly Edn[]) kindsWithin(item, found);
  if (isKind(value, "map")) for (const entry of value) kindsWithin(entry, found);
  if (isKind(value, "set")) for (const item of value) kindsWithin(item, found);
  if (isKind(value, "list") || isKind(value, "rawList")) kindsWithin(value.items, found);
  if (isKind(value, "tagged")) kindsWithin(value.fields, found);
  if (isKind(value, "record")) kindsWithin(value.fields, found);
  return found;
}

test("makes values of all kinds, and shrinks and repeats them", () => {
  const kinds = new Set<Kind>();
  for (const value of fc.sample(ednArbitrary(fc), sample)) kindsWithin(value, kinds);
  expect([...kinds].sort()).toEqual([
    "bigInteger",
    "boolean",
    "bytes",
    "char",
    "decimal",
    "double",
    "float",
    "inst",
    "keyword",
    "list",
    "long",
    "map",
    "nil",
    "numberArray",
    "ratio",
    "rawList",
    "record",
    "regex",
    "set",
    "string",
    "symbol",
    "tagged",
    "uri",
    "uuid",
    "vector",
  ]);
  const texts = () => fc.sample(ednArbitrary(fc), sample).map(print);
  expect(texts()).toEqual(texts());
});

test("leaves kinds out, also within collections", () => {
  const without: Kind[] = ["list", "float", "tagged", "set", "nil", "long"];
  for (const value of fc.sample(ednArbitrary(fc, { without }), sample)) {
    const kinds = kindsWithin(value);
    // The fields of collections are walked as vectors, which are not left out here.
    for (const kind of without) expect(kinds.has(kind), print(value)).toBe(false);
  }
  const collections: Kind[] = ["vector", "list", "rawList", "map", "set", "record", "tagged"];
  const scalars = fc.sample(ednArbitrary(fc, { without: collections }), sample);
  expect(scalars.some((value) => collections.includes(kindOf(value) ?? "nil"))).toBe(false);
});

test("portable values survive UTF-8 and have names that are found in their text", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  for (const value of fc.sample(ednArbitrary(fc, { portable: true }), sample)) {
    const text = print(value);
    expect(decoder.decode(encoder.encode(text))).toBe(text);
    expect(text).not.toMatch(/#keyword|#symbol|#tagged|\\ud[89a-f]/);
  }
});

test("keeps to its sizes", () => {
  for (const value of fc.sample(ednArbitrary(fc, { maxDepth: 0 }), sample)) {
    expect(kindsWithin(value).size).toBe(1);
  }
  for (const value of fc.sample(ednArbitrary(fc, { maxDepth: 1, maxLength: 2 }), sample)) {
    // A character of text may be two units.
    const longest = typeof value === "string" ? 4 : 2;
    const length = typeof value === "string" || Array.isArray(value) ? value.length : 0;
    expect(length).toBeLessThanOrEqual(longest);
  }
});

test("keys come again, and are of the kinds that stores have", () => {
  const keys = fc.sample(keyArbitrary(fc), sample);
  expect(new Set(keys.map(identity)).size).toBeLessThan(keys.length * 0.9);
  expect([...new Set(keys.map((key) => String(kindOf(key))))].sort()).toEqual([
    "keyword",
    "long",
    "string",
    "symbol",
    "uuid",
    "vector",
  ]);
  expect(
    fc
      .sample(keyArbitrary(fc, { without: ["vector", "symbol"] }), sample)
      .some((key) => Array.isArray(key)),
  ).toBe(false);
});

test("takes fast-check as a namespace too", () => {
  expect(fc.sample(ednArbitrary(namespace), { numRuns: 1, seed })).toHaveLength(1);
});
