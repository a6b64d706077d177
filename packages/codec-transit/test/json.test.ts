/** JSON as such, without what transit makes of it: `JSON.parse` is the judge. */
import { transitCodec } from "@datahike-sync/codec-transit";
import { type Edn, isKind } from "@datahike-sync/edn";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decoded, failure, utf8 } from "./text.ts";

const codec = transitCodec({ format: "json" });

/** Strings that transit takes for nothing but strings. */
const text = fc.string({ unit: "grapheme" }).filter((unit) => !/^[~^`]/.test(unit));
const json = fc.json({ stringUnit: "grapheme" }).filter((one) => !/"[~^`]/.test(one));

describe("JSON", () => {
  test("is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(json, (one) => {
        expect(plain(codec.decode(utf8(one)))).toEqual(JSON.parse(one));
      }),
      { numRuns: cases(10_000), seed },
    );
  });

  test("is refused where JSON.parse refuses it, and nowhere else", () => {
    const pieces = [
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"',
      "a",
      "\\",
      "\\u00e9",
      "\n",
      " ",
      "0",
      "-",
      "1",
    ];
    const more = [
      "2.5",
      ".",
      "e",
      "E+1",
      "+",
      "true",
      "null",
      "fals",
      '"a"',
      '"a":',
      "é",
      "\u0001",
      "[1,",
    ];
    const samples = ['[1,-2.5e3,"a\\n\\u00e9",{"b":[null,true,false],"":{}}]', '{"a":[{}]}', "12"];
    const wrong: string[] = [];
    for (let number = 0; number < cases(100_000); number++) {
      const random = new Random(number);
      const one =
        random.below(2) === 0
          ? Array.from({ length: random.below(8) }, () => random.pick([...pieces, ...more])).join(
              "",
            )
          : new TextDecoder().decode(mutate(utf8(random.pick(samples)), random));
      // Duplicate keys and what begins as codes do are transit's matter.
      if (/"[~^`]|\\u00[67]|\\u005/.test(one)) continue;
      const isJson = parses(() => JSON.parse(one));
      if (parses(() => codec.decode(utf8(one))) !== isJson) wrong.push(`SEED=${seed}: ${one}`);
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ["[1.0,-0.0,1e0,-1E-2]", "[1.0 -0.0 1.0 -0.01]"],
    ["[-0,9007199254740993,-9223372036854775808]", "[0 9007199254740993 -9223372036854775808]"],
    ["[123456789012345678901,1e400,-1e400]", "[123456789012345678901N ##Inf ##-Inf]"],
    ['{"2":1,"1":2}', '{"2" 1, "1" 2}'],
    ['"\\ud83d\\ude00\\ud83d"', '"😀\\ud83d"'],
    [" [ 1 ,\t2\r\n] ", "[1 2]"],
  ])("%s is %s", (one, edn) => expect(decoded(one)).toBe(edn));

  test.each([
    ["", "CODEC_TRUNCATED at 0"],
    ["[1,", "CODEC_TRUNCATED at 3"],
    ['["a', "CODEC_TRUNCATED at 3"],
    ['["a\\', "CODEC_TRUNCATED at 4"],
    ["[tru", "CODEC_TRUNCATED at 4"],
    ["[1.", "CODEC_TRUNCATED at 3"],
    ["[1e", "CODEC_TRUNCATED at 3"],
    ["-", "CODEC_TRUNCATED at 1"],
    ["[1 2]", "CODEC_INVALID at 3"],
    ["[1,]", "CODEC_INVALID at 3"],
    ["[01]", "CODEC_INVALID at 1"],
    ["[+1]", "CODEC_INVALID at 1"],
    ["[trux]", "CODEC_INVALID at 4"],
    ["{1:2}", "CODEC_INVALID at 1"],
    ['{"a" 1}', "CODEC_INVALID at 5"],
    ['["\u0001"]', "CODEC_INVALID at 2"],
    ['["\\x"]', "CODEC_INVALID at 2"],
    ['["\\u12g4"]', "CODEC_INVALID at 2"],
    ['["é",]', "CODEC_INVALID at 6"],
    ["[1] 2", "CODEC_INVALID at 4"],
    ["\ufeff[1]", "CODEC_INVALID at 0"],
  ])("%j is %s, in bytes", (one, error) => expect(failure(one)).toBe(error));

  test("that is not UTF-8 is invalid, or truncated where it ends", () => {
    expect(failure(Uint8Array.of(0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d))).toBe("CODEC_INVALID at 2");
    expect(failure(Uint8Array.of(0x5b, 0x22, 0xed, 0xa0, 0xbd, 0x22))).toBe("CODEC_INVALID at 2");
    expect(failure(Uint8Array.of(0x5b, 0x22, 0xc3))).toBe("CODEC_TRUNCATED at 3");
  });

  test("strings of any length and with any escapes come back", () => {
    for (const long of ["a".repeat(100_000), "\n".repeat(20_000), "aé😀\ud83d\\".repeat(9_000)]) {
      expect(codec.decode(codec.encode([long]))).toEqual([long]);
    }
    fc.assert(
      fc.property(text, (one) => {
        expect(codec.decode(utf8(JSON.stringify([one])))).toEqual([one]);
      }),
      { numRuns: cases(5000), seed },
    );
  });
});

/** The value as `JSON.parse` has it. */
function plain(value: Edn): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (isKind(value, "map")) {
    return Object.fromEntries(Array.from(value, ([key, one]) => [key, plain(one)]));
  }
  if (isKind(value, "double") || isKind(value, "bigInteger")) return Number(value.value);
  return typeof value === "bigint" ? Number(value) : value;
}

function parses(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
