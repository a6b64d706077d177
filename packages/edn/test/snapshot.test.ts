import {
  type Edn,
  EdnMap,
  EdnSet,
  equals,
  isKind,
  keyword,
  list,
  NumberArray,
  numberArray,
  print,
  rawList,
  read,
  record,
  snapshot,
  tagged,
  uuid,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const CHANGEABLE = ["inst", "bytes", "numberArray"] as const;

/** Every object within a value that somebody could change: bytes, dates, number arrays, unfrozen ones. */
function changeable(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null) return found;
  const isBuffer = ArrayBuffer.isView(value) || value instanceof Date;
  if (isBuffer || !Object.isFrozen(value)) found.add(value);
  if (isBuffer) return found;
  if (isKind(value, "map"))
    for (const entry of value) for (const item of entry) changeable(item, found);
  else if (isKind(value, "set")) for (const item of value) changeable(item, found);
  else for (const part of Object.values(value)) changeable(part, found);
  return found;
}

describe("snapshot", () => {
  test("of what cannot change is the value itself", () => {
    const values = ednArbitrary(fc, { without: CHANGEABLE });
    fc.assert(
      fc.property(values, (value) => {
        const taken = snapshot(value);
        expect(Object.is(snapshot(taken), taken)).toBe(true);
        expect(changeable(taken).size).toBe(0);
        const back = read(print(value));
        expect(Object.is(snapshot(back), back)).toBe(true);
      }),
      { numRuns: cases(10_000), seed },
    );
  });

  test("shares nothing changeable with the value, and is equal and of the same kinds", () => {
    fc.assert(
      fc.property(ednArbitrary(fc), (value) => {
        const taken = snapshot(value);
        expect(print(taken)).toBe(print(value));
        const theirs = changeable(value);
        for (const part of changeable(taken)) {
          expect(theirs.has(part)).toBe(false);
          expect(ArrayBuffer.isView(part) || part instanceof Date).toBe(true);
        }
        for (const part of changeable(snapshot(taken)))
          expect(changeable(taken).has(part)).toBe(false);
      }),
      { numRuns: cases(10_000), seed },
    );
  });

  test("copies and freezes plain arrays, and shares what is immutable", () => {
    const inner = Object.freeze([1]);
    const map = new EdnMap([[keyword("a"), inner]]);
    const array = [map, "a"];
    const taken = snapshot(array) as readonly Edn[];
    array.push("b");
    expect(taken).toHaveLength(2);
    expect(Object.isFrozen(taken)).toBe(true);
    expect(taken[0]).toBe(map);
  });

  test("copies bytes and dates wherever they are, with the collections around them", () => {
    const bytes = Uint8Array.of(1);
    const date = new Date(1);
    const makers: ((item: Edn) => Edn)[] = [
      (item) => item,
      (item) => [item],
      (item) => Object.freeze([item]),
      (item) => list(item),
      (item) => rawList(item),
      (item) => new EdnSet([item]),
      (item) => new EdnMap([[item, 1]]),
      (item) => new EdnMap([[1, item]]),
      (item) => tagged("a", item),
      (item) => record("a.B", new EdnMap([[1, item]])),
      (item) => numberArray("object", [item]),
      (item) => new EdnMap([[1, [new EdnSet([list(item)])]]]),
    ];
    for (const make of makers) {
      const taken = snapshot(make([bytes, date]));
      const before = print(taken);
      bytes[0] = (bytes[0] ?? 0) + 1;
      date.setTime(date.getTime() + 1);
      expect(print(taken)).toBe(before);
      expect(equals(taken, make([bytes, date]))).toBe(false);
    }
  });

  test("copies arrays of numbers", () => {
    const array = numberArray("float", Float32Array.of(1));
    const taken = snapshot(array) as NumberArray<"float">;
    array.items[0] = 2;
    expect(taken.items[0]).toBe(1);
    expect(snapshot(numberArray("boolean", [true]))).toBeInstanceOf(NumberArray);
  });

  test("of a Buffer and the like is a plain copy", () => {
    class Special extends Uint8Array {}
    const taken = snapshot(Special.of(1, 2)) as Uint8Array;
    expect(Object.getPrototypeOf(taken)).toBe(Uint8Array.prototype);
    expect([...taken]).toEqual([1, 2]);
  });

  test("taken again of a large immutable value takes no time", () => {
    const large = snapshot(Array.from({ length: 300_000 }, (_, i) => [i]));
    const started = performance.now();
    for (let i = 0; i < 10_000; i++) expect(Object.is(snapshot(large), large)).toBe(true);
    // Looked through each time, these would be three billion items.
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("what is no EDN value, too deep or within itself is refused", () => {
    const values: unknown[] = [undefined, {}, () => 1, new Map(), [undefined], Array(1), [[{}]]];
    for (const value of values) expect(() => snapshot(value as Edn)).toThrow(TypeError);
    const cyclic: Edn[] = [1];
    cyclic.push(cyclic);
    expect(() => snapshot(cyclic)).toThrow(RangeError);
    let deep: Edn = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => snapshot(deep)).toThrow(RangeError);
  });

  test("leaves extensions to themselves", () => {
    const extension = {
      ednKind: "extension" as const,
      identity: "n",
      toEdn: () => uuid("00000000-0000-0000-0000-000000000000"),
    };
    expect((snapshot([extension]) as readonly Edn[])[0]).toBe(extension);
  });
});
