/** Another implementation is the judge: it reads what ours writes, and ours what it writes. */
import { transitCodec } from "@datahike-sync/codec-transit";
import { type Edn, EdnMap, EdnSet, identity, keyword, print } from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import transit from "transit-js";
import { describe, expect, test } from "vitest";
import { encoded, utf8 } from "./text.ts";

const codec = transitCodec({ format: "json" });
const reader = transit.reader("json");
const writer = transit.writer("json");
const verbose = transit.writer("json-verbose");

/** What the judge writes again as it was: it takes `1.0` for `1`, and characters for strings. */
const scalar = ednArbitrary(fc, {
  portable: true,
  maxDepth: 0,
  without: ["char", "double", "float", "numberArray", "long", "bytes", "inst"],
});
const name = fc.constantFrom("a", "ab", "abc", "abcd", "some/name").map((text) => keyword(text));
/** Beyond four digits, it has years that are none of RFC 3339. */
const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31") });
const item = fc.oneof(scalar, name, date, fc.maxSafeInteger(), fc.constant(1.5));
/** In its JSON for people, the judge loses this key, which ours has a test for. */
const text = fc.string().filter((key) => key !== "__proto__");
const { value } = fc.letrec<{ value: Edn; vector: Edn; map: Edn; any: Edn; set: Edn }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, item, tie("vector"), tie("map"), tie("any"), tie("set")),
  vector: fc.array(tie("value")).map((items) => Object.freeze(items)),
  map: fc.array(fc.tuple(fc.oneof(name, text), tie("value"))).map((entries) => new EdnMap(entries)),
  any: fc.array(fc.tuple(fc.tuple(name, name), tie("value"))).map((entries) => new EdnMap(entries)),
  // The judge fails at sets of sets.
  set: fc.array(name).map((items) => new EdnSet(items)),
}));

describe("the judge", () => {
  test("reads what is written, and writes the same", () => {
    fc.assert(
      fc.property(value, (one) => {
        const text = encoded(one);
        expect(JSON.parse(writer.write(reader.read(text)))).toEqual(JSON.parse(text));
      }),
      { numRuns: cases(5000), seed },
    );
  });

  test("writes what is read as the same, also for people", () => {
    fc.assert(
      fc.property(value, (one) => {
        const judged = reader.read(encoded(one));
        expect(print(codec.decode(utf8(writer.write(judged))))).toBe(print(one));
        // Keys that are digits change places in the objects that it makes.
        expect(identity(codec.decode(utf8(verbose.write(judged))))).toBe(identity(one));
      }),
      { numRuns: cases(5000), seed },
    );
  });

  test("has the same codes when there were more strings than codes", () => {
    const names = Array.from({ length: 5000 }, (_, i) => keyword(`key${i % 2100}`));
    const maps = names.map((one, i) => new EdnMap([[one, i]]));
    const text = encoded(maps);
    expect(writer.write(reader.read(text))).toBe(text);
    expect(print(codec.decode(utf8(text)))).toBe(print(maps));
  });
});
