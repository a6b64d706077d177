/** Names: how those of Datahike are spelled, and that a codec takes none for another that it met before. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import {
  type Edn,
  type Extension,
  identity,
  keyword,
  print,
  symbol,
  tagged,
} from "@datahike-sync/edn";
import { Random } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

const codec = cborCodec();

describe("a type of Datahike", () => {
  const SPELLINGS = [
    ["datahike.datom/Datom", "datahike.datom.Datom"],
    ["datahike.db/DB", "datahike.db.DB"],
    ["datahike.db/TxReport", "datahike.db.TxReport"],
  ] as const;

  test.each(SPELLINGS)("is %s in CBOR and %s in values", (inCbor, inValues) => {
    const bytes = `d81b82${toHex(codec.encode(inCbor))}8101`;
    expect(toHex(codec.encode(tagged(inValues, [1])))).toBe(bytes);
    expect(print(codec.decode(hex(bytes)))).toBe(`#${inValues} [1]`);
    // Whoever spells it as in the bytes means the same.
    expect(toHex(codec.encode(tagged(inCbor, [1])))).toBe(bytes);
    const spelledOut = hex(`d81b82${toHex(codec.encode(inValues))}8101`);
    expect(print(codec.decode(spelledOut))).toBe(`#${inValues} [1]`);
  });

  test.each(SPELLINGS)("is read by the handler of %s, or else of %s", (inCbor, inValues) => {
    const bytes = codec.encode(tagged(inValues, [1]));
    const handlers = { [inCbor]: () => "in CBOR", [inValues]: () => "in values" };
    expect(cborCodec({ handlers }).decode(bytes)).toBe("in CBOR");
    for (const name of [inCbor, inValues]) {
      const reading = cborCodec({ handlers: { [name]: ([field]) => field ?? null } });
      expect(reading.decode(bytes)).toEqual([1]);
    }
  });

  test("is the same value whether an object or a tagged value stands for it", () => {
    const form = tagged("datahike.datom.Datom", [1, keyword("name"), "x", 536_870_913, true]);
    const datom: Extension = {
      ednKind: "extension",
      identity: identity(form),
      toEdn: () => form,
    };
    const bytes = codec.encode([datom, form]);
    const [first, second] = codec.decode(bytes) as [Edn, Edn];
    expect(identity(first)).toBe(identity(datom));
    expect(identity(second)).toBe(identity(datom));
  });
});

describe("names that a codec has met", () => {
  test("are not taken for others, however many there are", () => {
    const random = new Random(1);
    const letters = () =>
      Array.from({ length: random.below(7) }, () => random.pick(["a", "b", "ä"]));
    const names = Array.from({ length: 5000 }, () => [...letters(), "ab", ...letters()].join(""));
    const value = names.flatMap((name): Edn[] => [
      keyword(name),
      symbol(name),
      keyword(`ns.${name}/ab`),
      tagged(name, 1),
      name,
    ]);
    for (let again = 0; again < 2; again++) {
      expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
    }
  });

  test("are told apart where only what no cache looks at differs", () => {
    for (const length of [3, 20, 63, 64, 65, 66, 300]) {
      const middle = "x".repeat(length);
      const names = Array.from({ length: 20 }, (_, i) => `${String.fromCharCode(97 + i)}${middle}`);
      const value = names.flatMap((name): Edn[] => [keyword(name), tagged(name, name)]);
      expect(print(codec.decode(codec.encode([value, value])))).toBe(print([value, value]));
    }
  });

  test("are not mixed where they are too long to be remembered", () => {
    const random = new Random(2);
    const value = Array.from({ length: 3000 }, (): Edn => {
      const letters = Array.from({ length: 65 + random.below(60) }, () => random.pick(["a", "b"]));
      return [keyword(letters.join("")), keyword(letters.slice(0, 40).join(""))];
    });
    for (let again = 0; again < 2; again++) {
      expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
    }
  });

  test("are told apart by what they name", () => {
    const value = [
      ":a",
      "a",
      keyword("a"),
      symbol("a"),
      tagged(":a", ":a"),
      tagged("a", symbol("a")),
    ];
    for (let again = 0; again < 2; again++) {
      expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
    }
  });

  test("do not outlive the bytes that they were read from", () => {
    const bytes = codec.encode([keyword("seen/before"), tagged("seen/tag", 1)]);
    const value = print(codec.decode(bytes));
    const copy = bytes.slice();
    bytes.fill(0x61);
    expect(print(codec.decode(copy))).toBe(value);
  });

  test("without letters, or with slashes, are those that Clojure reads", () => {
    const read = (bytes: string) => print(codec.decode(hex(bytes)));
    expect(read("d827613a")).toBe('#keyword [nil ""]');
    expect(read("d82760")).toBe('#symbol [nil ""]');
    expect(read("d827623a2f")).toBe(":/");
    expect(read("d827663a612f622f63")).toBe(":a/b/c");
    expect(codec.decode(hex("d827663a612f622f63"))).toBe(keyword("a", "b/c"));
    expect(read("d827623a3a")).toBe('#keyword [nil ":"]');
  });
});
