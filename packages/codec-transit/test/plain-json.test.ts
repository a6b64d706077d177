import { printJson, readJson } from "@datahike-sync/codec-transit";
import {
  double,
  type Edn,
  EdnMap,
  numberArray,
  print,
  ratio,
  read,
  tagged,
  uri,
} from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("printJson", () => {
  test.each([
    ["{:type :pubsub/subscribe, :a nil}", '{"type":"pubsub/subscribe","a":null}'],
    ["[1 1.0 -0.0 1.5E10 9007199254740993]", "[1,1.0,-0.0,1.5E10,9007199254740993]"],
    ["[12N 1.50M 1E+3M 1/4 #float 0.1]", "[12,1.50,1E+3,0.25,0.1]"],
    ["[##NaN ##Inf ##-Inf]", '["NaN","Infinity","-Infinity"]'],
    ["(1 #{2} #java.util.List [3])", "[1,[2],[3]]"],
    ['[a/b \\a "\\"\\n"]', '["a/b","a","\\"\\n"]'],
    [
      '[#uuid "00000000-0000-0000-0000-0000000000aa" #inst "2025-12-17T09:06:25.123Z" #bytes "AAEC"]',
      '["00000000-0000-0000-0000-0000000000aa","2025-12-17T09:06:25Z","AAEC"]',
    ],
    ['#record ["a.B" {:x 1}]', '{"x":1}'],
    ['{nil 1, 2 3, "a" 4, [:b] 5, 1.0 6}', '{"":1,"2":3,"a":4,"[:b]":5,"1.0":6}'],
    ['{"__proto__" {:a 1}}', '{"__proto__":{"a":1}}'],
  ])("makes of %s %s", (edn, json) => expect(printJson(read(edn))).toBe(json));

  test("makes doubles of ratios of any size", () => {
    expect(printJson(ratio(1, 3))).toBe("0.3333333333333333");
    expect(printJson(ratio(-(10n ** 400n), 3n * 10n ** 400n + 1n))).toBe("-0.3333333333333333");
    expect(printJson(ratio(10n ** 400n + 1n, 10n))).toBe('"Infinity"');
    expect(printJson(ratio(1n, 10n ** 400n))).toBe("0.0");
  });

  test("refuses what JSON has no form for", () => {
    for (const [value, kind] of [
      [tagged("a", 1), "tagged"],
      [uri("http://a"), "uri"],
      [numberArray("int", Int32Array.of(1)), "numberArray"],
      [new Date(Number.NaN), "inst"],
    ] as const) {
      expect(() => printJson([value])).toThrow(
        expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { kind } }),
      );
    }
    expect(() => printJson({} as Edn)).toThrow(TypeError);
  });

  test("ends at a limit of depth", () => {
    let value: Edn = 1;
    for (let depth = 0; depth < 2000; depth++) value = new EdnMap([["a", value]]);
    expect(() => printJson(value)).toThrow(expect.objectContaining({ code: "CODEC_LIMIT" }));
    expect(() => readJson("[".repeat(2000))).toThrow(
      expect.objectContaining({ code: "CODEC_LIMIT" }),
    );
  });
});

describe("readJson", () => {
  test("takes strings for what they are, whatever they begin with", () => {
    expect(print(readJson('["~:a","^0","^ ",{"~#set":[1]}]'))).toBe(
      '["~:a" "^0" "^ " {"~#set" [1]}]',
    );
    expect(print(readJson(" 1.0 "))).toBe("1.0");
  });

  test("reads what printJson made of data as JSON has it", () => {
    const { value } = fc.letrec<{ value: Edn; scalar: Edn; vector: Edn; map: Edn }>((tie) => ({
      value: fc.oneof({ depthSize: "small" }, tie("scalar"), tie("vector"), tie("map")),
      scalar: fc.oneof(
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map(double),
        fc.string({ unit: "binary" }),
      ),
      vector: fc.array(tie("value")),
      map: fc.array(fc.tuple(fc.string(), tie("value"))).map((entries) => new EdnMap(entries)),
    }));
    fc.assert(
      fc.property(value, (one) => {
        expect(print(readJson(printJson(one)))).toBe(print(one));
      }),
      { numRuns: cases(5000), seed },
    );
  });

  test("says where a text is wrong, in bytes", () => {
    expect(() => readJson('["é",]')).toThrow(
      expect.objectContaining({ code: "CODEC_INVALID", details: { offset: 6 } }),
    );
    expect(() => readJson("[1")).toThrow(expect.objectContaining({ code: "CODEC_TRUNCATED" }));
  });
});
