import {
  bigInteger,
  decimal,
  double,
  type Edn,
  EdnList,
  EdnMap,
  EdnSet,
  equals,
  float,
  identity,
  keyword,
  kindOf,
  list,
  numberArray,
  print,
  rawList,
  read,
  record,
  regex,
  symbol,
  tagged,
  uri,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const values = ednArbitrary(fc);

describe("equals", () => {
  test.each<[Edn, Edn]>([
    [1, bigInteger(1)],
    [1, 1n],
    [2 ** 53 - 1, 2n ** 53n - 1n],
    [double(1), float(1)],
    [0.5, float(0.5)],
    [double(0), double(-0)],
    [Number.NaN, float(Number.NaN)],
    [decimal("1.5"), decimal("1.500")],
    [decimal("0"), decimal("0E+10")],
    [decimal("100"), decimal("1E+2")],
    [[1, [2]], list(1, list(2))],
    [rawList(1), [1n]],
    [
      new EdnMap([
        [1, 2],
        [3, 4],
      ]),
      new EdnMap([
        [3, 4],
        [1, 2],
      ]),
    ],
    [new EdnMap([[[1], list(2)]]), new EdnMap([[list(1), [2]]])],
    [new EdnSet([1, 2]), new EdnSet([2, 1n])],
    [Uint8Array.of(1), Uint8Array.of(1)],
    [new Date(1), new Date(1)],
    [regex("a"), regex("a")],
    [numberArray("int", Int32Array.of(1)), numberArray("int", Int32Array.of(1))],
    [tagged("a", [1]), tagged("a", list(1))],
  ])("%s equals %s", (a, b) => {
    expect(equals(a, b)).toBe(true);
    expect(equals(b, a)).toBe(true);
    expect(identity(a)).toBe(identity(b));
    expect(equals([a], list(b))).toBe(true);
    expect(new EdnMap([[a, 1]]).get(b)).toBe(1);
    expect(new EdnSet([keyword("x"), a]).has(b)).toBe(true);
    expect(new EdnSet([a, b]).size).toBe(1);
  });

  test.each<[Edn, Edn]>([
    [1, double(1)],
    [1, decimal("1")],
    [0.1, float(0.1)],
    [1, "1"],
    [null, false],
    [null, "nil"],
    ["a", keyword("a")],
    [keyword("a"), symbol("a")],
    [keyword("a/b"), keyword("a", "c")],
    [keyword("a/b", "c"), keyword("a", "b/c")],
    [keyword(null, "a/b"), keyword("a", "b")],
    [keyword("", "x"), keyword(null, "/0//x")],
    [keyword("", "x"), keyword(null, "/x")],
    [symbol("\0/0//x"), symbol("", "x")],
    ["\ud800", "\ufffd"],
    ["\ud800", "\0d800"],
    ["\0", "\x000000"],
    ["a", uri("a")],
    [uri("a"), regex("a")],
    [[1], new EdnSet([1])],
    [[], new EdnMap()],
    [[1, 2], [1]],
    [
      [[1], 2],
      [1, [2]],
    ],
    [["a", "b"], ["a1:b"]],
    [["1:sa"], ["s", "a"]],
    [record("a.B", new EdnMap()), new EdnMap()],
    [record("a.B", new EdnMap()), record("a.C", new EdnMap())],
    [tagged("a", 1), tagged("a", 1, null)],
    [tagged("a", "b"), tagged("ab")],
    [numberArray("int", Int32Array.of(1)), numberArray("short", Int16Array.of(1))],
    [numberArray("int", new Int32Array()), numberArray("object", [])],
    [Uint8Array.of(1, 2), Uint8Array.of(1)],
  ])("%s does not equal %s", (a, b) => {
    expect(equals(a, b)).toBe(false);
    expect(identity(a)).not.toBe(identity(b));
    expect(equals([a], [b])).toBe(false);
    expect(new EdnSet([a, b]).size).toBe(2);
  });

  test("refuses what is no EDN value", () => {
    expect(() => identity({} as Edn)).toThrow("fromJs");
    expect(() => identity(undefined as unknown as Edn)).toThrow("not an EDN value: undefined");
    expect(() => equals([new Map() as unknown as Edn], [1])).toThrow(TypeError);
  });

  test("agrees with identity and with the printed text", () => {
    // Longs stand close together, so pairs are often equal; copies are always.
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(equals(a, b)).toBe(identity(a) === identity(b));
        expect(equals(a, b)).toBe(equals(b, a));
        const copy = read(print(a));
        expect(equals(a, copy)).toBe(true);
        expect(identity(a)).toBe(identity(copy));
      }),
      { numRuns: cases(30_000), seed },
    );
  });
});

describe("identity", () => {
  test("of items tells collections apart: another item, place or nesting is another value", () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), values, (items, other) => {
        const [first = null, ...rest] = items;
        const alike = equals(first, other);
        expect(equals([first, ...rest], [other, ...rest])).toBe(alike);
        expect(equals(tagged("a", first), tagged("a", other))).toBe(alike);
        expect(equals(new EdnMap([[first, 1]]), new EdnMap([[other, 1]]))).toBe(alike);
        expect(equals(new EdnMap([[1, first]]), new EdnMap([[1, other]]))).toBe(alike);
        expect(equals(new EdnSet([first]), new EdnSet([other]))).toBe(alike);
        expect(equals(items, [items])).toBe(false);
        expect(equals([...items, other], items)).toBe(false);
        expect(equals(new EdnSet([items]), new EdnSet(items))).toBe(
          items.length === 1 && equals(items, first),
        );
      }),
      { numRuns: cases(20_000), seed },
    );
  });

  test("does not depend on the order of entries", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(values, values), { maxLength: 12 }), (entries) => {
        const map = new EdnMap(entries);
        expect(new EdnMap([...map].reverse()).identity).toBe(map.identity);
        const set = new EdnSet(map.keys());
        expect(new EdnSet([...set].reverse()).identity).toBe(set.identity);
      }),
      { numRuns: cases(5000), seed },
    );
  });

  test("sorts by UTF-16 unit, not by locale", () => {
    expect(new EdnSet(["b", "a", "B", "ä", "\uffff", "😀"]).identity).toBe(
      "#2:sB2:sa2:sb2:sä3:s😀2:s\uffff",
    );
  });

  test("a long one is the SHA-256 of its UTF-16 units", async () => {
    for (const length of [255, 256, 257, 300, 1000, 5000]) {
      const text = "é".repeat(length);
      const joined = `${length + 1}:s${text}`;
      const bytes = new Uint8Array(joined.length * 2);
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < joined.length; i++) view.setUint16(i * 2, joined.charCodeAt(i));
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
      expect(identity([text])).toBe(joined.length > 256 ? `(!${hex}` : `(${joined}`);
    }
  });

  test("stays short and quick however deep sets are in sets", () => {
    let value: Edn = "x".repeat(100_000);
    for (let i = 0; i < 900; i++) value = new EdnSet([i, value]);
    const started = performance.now();
    expect(identity(value).length).toBeLessThan(300);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("of the deepest values does not overflow the stack", () => {
    const shapes = ["[", "(", "{1 ", "#{", "#a ", "#java.util.List ["] as const;
    const ends = { "[": "]", "(": ")", "{1 ": "}", "#{": "}", "#a ": "", "#java.util.List [": "]" };
    for (const open of shapes) {
      const count = open.startsWith("#j") ? 500 : 1000;
      const text = open.repeat(count) + "1" + ends[open].repeat(count);
      const [a, b] = [read(text), read(text)];
      expect(equals(a, b)).toBe(true);
      expect(identity(a)).toBe(identity(b));
    }
  });
});

test("kindOf knows every kind of values, and nothing else", () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(kindOf(value)).toBeDefined();
    }),
    { numRuns: cases(2000), seed },
  );
  for (const other of [undefined, {}, () => 1, Symbol("a"), new Map(), new Int8Array(1)]) {
    expect(kindOf(other)).toBe(undefined);
  }
  expect(kindOf(new EdnList([]))).toBe("list");
});
