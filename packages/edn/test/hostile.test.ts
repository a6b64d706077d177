import { isSyncError, print, read, readAll } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";

/** No text of these tests may take longer, however slow the machine. */
const LONGEST_MS = 5000;

const SAMPLES = [
  '{:a/b [1 2.5 -3N 1/3 4.50M 0x1F 2r101 017 ##NaN], "s\\n\\u03A9\\101" #{\\a \\newline \\u03A9}}',
  '#inst "2025-12-17T15:26:25.123-00:00" #uuid "6b008124-09fb-4046-a6a3-dfd0712bf93e" #_(a b) c',
  '#:a{:b 1 :_/c 2} #bytes "AAEC/4B/" #float 1.5 #record ["a.B" {:x 1}] ; end\n#tagged ["t" 1 2]',
  '#int-array [1 2] #double-array [1.0] #java.util.List [1] #keyword [nil "a b"] [nil true false]',
];

/** Characters that mean something, to put into texts. */
const UNITS = [
  ...Array.from("()[]{}\"\\;#_:/,^@`~'%&0123456789.+-eENMrxuo \n\0é😀\ud83d\ufeff\u3000"),
  "##",
  "#_",
];

const FRAMES = ["pr-str", "cbor", "fressian"];

async function goldenTexts(): Promise<string[]> {
  const texts = [...SAMPLES];
  for (const name of FRAMES) {
    const rows = JSON.parse(await readFixtureText(`frames/${name}.json`)) as { value: unknown }[];
    for (const { value } of rows) if (typeof value === "string") texts.push(value);
  }
  for (const line of (await readFixtureText("hasch.jsonl")).trim().split("\n")) {
    texts.push((JSON.parse(line) as { edn: string }).edn);
  }
  return texts.filter((text) => text.length < 1000);
}

/** Whether a text is values, which print and read back, or the typed error. */
function survives(text: string): boolean {
  const started = performance.now();
  let printed: string;
  try {
    printed = readAll(text).map(print).join("\n");
  } catch (error) {
    if (!isSyncError(error, "EDN_SYNTAX")) throw error;
    const { offset, line, column } = error.details;
    const inside = typeof offset === "number" && offset >= 0 && offset <= text.length;
    return inside && Number(line) >= 1 && Number(column) >= 1;
  }
  const back = readAll(printed).map(print).join("\n");
  return back === printed && performance.now() - started < LONGEST_MS;
}

describe("the reader gives a value or a typed error for", () => {
  test("texts cut off anywhere", () => {
    for (const sample of SAMPLES) {
      for (let end = 0; end <= sample.length; end++) {
        expect(survives(sample.slice(0, end)), sample.slice(0, end)).toBe(true);
        expect(survives(sample.slice(end)), sample.slice(end)).toBe(true);
      }
    }
  });

  test("mutations of golden texts", async () => {
    const texts = await goldenTexts();
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();
    let refused = 0;
    const count = cases(100_000);
    for (let i = 0; i < count; i++) {
      const random = new Random(i);
      const text = decoder.decode(mutate(encoder.encode(random.pick(texts)), random));
      expect(survives(text), `seed ${seed}, case ${i}: ${JSON.stringify(text)}`).toBe(true);
      refused += isRefused(text) ? 1 : 0;
    }
    // Both ends were reached: mutants that are EDN still, and mutants that are not.
    expect(refused).toBeGreaterThan(count / 10);
    expect(refused).toBeLessThan((count * 9) / 10);
  });

  test("heaps of characters that mean something", () => {
    for (let i = 0; i < cases(100_000); i++) {
      const random = new Random(i);
      let text = "";
      for (let left = 1 + random.below(20); left > 0; left--) {
        text += random.below(8) === 0 ? random.pick(SAMPLES).slice(0, 30) : random.pick(UNITS);
      }
      expect(survives(text), `seed ${seed}, case ${i}: ${JSON.stringify(text)}`).toBe(true);
    }
  });

  const million = 1_000_000;
  test.each<[name: string, text: () => string]>([
    ...["(", "[", "{", "#{", "#a ", "#_", "#:a{", "[{#{(", "#_ #a [", '"', "\\", "#", "^", ")"].map(
      (opener): [string, () => string] => [`a million ${opener}`, () => opener.repeat(million)],
    ),
    ["a million digits", () => "1".repeat(million)],
    ["a million hexadecimal digits", () => `0x${"f".repeat(million)}`],
    ["a million digits of radix 36", () => `36r${"z".repeat(million)}`],
    ["a million decimal places", () => `0.${"1".repeat(million)}M`],
    ["a million digits of an exponent", () => `1e${"9".repeat(million)}`],
    ["a million digits of a ratio", () => `${"1".repeat(million)}/3`],
    ["many of the longest numbers", () => `${"7".repeat(2048)} `.repeat(500)],
    ["many of the longest ratios", () => `${"7".repeat(1023)}/${"3".repeat(1024)} `.repeat(500)],
    ["a name of a million units", () => "a".repeat(million)],
    ["a name of a million slashes", () => `:${"a/".repeat(million / 2)}b`],
    ["a string of a million escapes", () => `"${"\\n".repeat(million)}"`],
    ["a string without its end", () => `"${"\\\\".repeat(million)}`],
    ["a million comments", () => ";\n".repeat(million)],
    ["a million blanks", () => ` ${",\n".repeat(million)}1`],
    ["a million discarded values", () => "#_ 1 ".repeat(million)],
    ["a million #_ and as many values", () => "#_ ".repeat(million) + "1 ".repeat(million)],
    ["an instant of a million digits", () => `#inst "${"2".repeat(million)}"`],
    ["a fraction of a million digits", () => `#inst "2020-01-01T00:00:00.${"2".repeat(million)}"`],
    ["base64 of a million bytes", () => `#bytes "${"AAAA".repeat(million / 3)}"`],
    [
      "sets a thousand deep around a long string",
      () => `${"#{0 ".repeat(1000)}"${"x".repeat(million)}"${"}".repeat(1000)}`,
    ],
    ["keys a thousand deep", () => `${"{1 2 ".repeat(1000)}3 4${"} 5".repeat(999)}}`],
    ["many deep sets", () => `${"#{0 ".repeat(1000)}${"}".repeat(1000)}`.repeat(50)],
    [
      "a set of many vectors",
      () => `#{${Array.from({ length: 100_000 }, (_, i) => `[${i}]`).join(" ")}}`,
    ],
    [
      "a map of many keys",
      () => `#:a{${Array.from({ length: 100_000 }, (_, i) => `:k${i} 1`).join(" ")}}`,
    ],
  ])("%s, in bounded time", (_name, text) => {
    const made = text();
    const started = performance.now();
    isRefused(made);
    expect(performance.now() - started).toBeLessThan(LONGEST_MS);
  });

  test("a deeper nesting where it is allowed, without a stack overflow", () => {
    const depth = 200_000;
    const text = "[".repeat(depth) + "]".repeat(depth);
    expect(read(text, { maxDepth: depth })).toHaveLength(1);
    expect(() => print(read(text, { maxDepth: depth }))).toThrow(RangeError);
  });
});

function isRefused(text: string): boolean {
  try {
    readAll(text);
    return false;
  } catch (error) {
    if (!isSyncError(error, "EDN_SYNTAX")) throw error;
    return true;
  }
}
