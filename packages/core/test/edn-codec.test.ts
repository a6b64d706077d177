/** EDN text in bytes, and frames of the real stack that are such: an id of four bytes, 2, and the text. */
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, identity, keyword, print, read, tagged } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";

interface Row {
  readonly label: string;
  readonly value: string;
  /** Null where the JVM cannot read what it wrote. */
  readonly readBack: string | null;
  readonly base64: string;
}

/** Rows whose text is another one than ours, though it says the same, or that of another value. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "{:a/b 1 :a/c 2}": "the recording had maps with a namespace switched on",
  "(nil)": "kabel takes a list for the entries of a map",
  "((1) (2))": "kabel takes a list for the entries of a map",
  "(float 1.5)": "the JVM prints a float as a double",
};

const codec = ednCodec();

describe("frames of the JVM", async () => {
  const rows = JSON.parse(await readFixtureText("frames/pr-str.json")) as readonly Row[];
  const readable = rows.filter(({ readBack, label }) => readBack !== null || label === "(nil)");

  test("are all there", () => {
    expect([rows.length, readable.length]).toEqual([117, 108]);
    const labels = rows.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(Object.keys(OTHERWISE)));
  });

  test("are read as the JVM reads them", () => {
    for (const { label, readBack, base64 } of readable) {
      expect(identity(codec.decode(payload(base64))), label).toBe(
        identity(read(readBack ?? "nil")),
      );
    }
  });

  test("are what is written for their value", () => {
    for (const { label, value, base64 } of readable.filter(({ label }) => !(label in OTHERWISE))) {
      expect(textOf(codec.encode(read(value))), label).toBe(textOf(payload(base64)));
    }
  });

  test("that the JVM cannot read are invalid, or tagged values that nobody knows", () => {
    for (const { label, base64 } of rows.filter((row) => !readable.includes(row))) {
      let outcome: string;
      try {
        outcome = print(codec.decode(payload(base64)));
      } catch (error) {
        outcome = String(error);
      }
      expect(outcome, label).toMatch(/^#object|#rig_values|regular expression/);
    }
  });
});

describe("what is wrong", () => {
  test.each([
    ["", "CODEC_INVALID", { offset: 0 }],
    ["[1", "CODEC_INVALID", { offset: 0 }],
    ['["é" }', "CODEC_INVALID", { offset: 6 }],
    ["1 2", "CODEC_INVALID", { offset: 2 }],
    ['["é" #uuid "x"]', "CODEC_INVALID", { offset: 6, tag: "uuid" }],
    ["[".repeat(2000), "CODEC_LIMIT", { limit: "maxDepth", max: 1000, offset: 1000 }],
    ["7".repeat(3000), "CODEC_LIMIT", { limit: "maxDigits", max: 2048, offset: 0 }],
  ])("in %j is told with its place in bytes", (text, code, details) => {
    expect(() => codec.decode(new TextEncoder().encode(text))).toThrow(
      expect.objectContaining({ code, details }),
    );
  });

  test("is what is not UTF-8", () => {
    expect(() => codec.decode(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).toThrow(
      expect.objectContaining({ code: "CODEC_INVALID", details: { offset: 0 } }),
    );
  });

  test("is what is too long or too deep to be written or read", () => {
    const small = ednCodec({ maxBytes: 10 });
    const limited = { code: "CODEC_LIMIT", details: { limit: "maxBytes", max: 10 } };
    expect(small.decode(small.encode("12345678"))).toBe("12345678");
    expect(() => small.encode("éééé1")).toThrow(expect.objectContaining(limited));
    expect(() => small.decode(new Uint8Array(11))).toThrow(
      expect.objectContaining({ details: { limit: "maxBytes", max: 10, offset: 0 } }),
    );
    let value: Edn = 1;
    for (let depth = 0; depth < 2000; depth++) value = [value];
    expect(() => codec.encode(value)).toThrow(expect.objectContaining({ code: "CODEC_LIMIT" }));
  });
});

test("handlers read their tags", () => {
  const handlers = { point: ([xy]: readonly Edn[]) => [keyword("point"), xy ?? null] };
  const bytes = codec.encode([tagged("point", 1)]);
  expect(print(ednCodec({ handlers }).decode(bytes))).toBe("[[:point 1]]");
  expect(print(codec.decode(bytes))).toBe("[#point 1]");
});

function payload(base64: string): Uint8Array {
  const frame = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  expect([...frame.subarray(0, 4)]).toEqual([0, 0, 0, 2]);
  return frame.subarray(4);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
