import { equals, print, read, readAll } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";

const FRAMES = [
  "pr-str",
  "transit-json",
  "transit-msgpack",
  "fressian",
  "fressian-datahike-values-0.6",
  "cbor",
  "cbor-datahike-values",
];

const TEXTS = [
  "stores/datahike-0.6/small/values.edn",
  "stores/datahike-0.6/branch/values.edn",
  "stores/datahike-0.6/medium/keys.edn",
  "stores/datahike-0.6/medium/datoms-eavt.edn",
  "stores/datahike-0.8/small/values.edn",
  "stores/datahike-0.8/small/queries.edn",
  "stores/datahike-0.8/crypto-hash/values.edn",
  "stores/datahike-0.8/fused/values.edn",
  "stores/datahike-0.8/medium/history-eavt.edn",
  "stores/datahike-0.8/medium/walker.edn",
  "konserve/2026/fressian/index.edn",
];

function expectBack(text: string): void {
  const value = read(text);
  const printed = print(value);
  const back = read(printed);
  expect(equals(back, value), text).toBe(true);
  expect(print(back)).toBe(printed);
}

interface Frame {
  readonly edn?: string;
  readonly value?: string | null;
  readonly readBack?: string | null;
  readonly equal?: boolean;
}

describe("texts that the JVM wrote", () => {
  test("every value of hasch.jsonl reads, prints and reads back equal", async () => {
    const lines = (await readFixtureText("hasch.jsonl")).trim().split("\n");
    expect(lines.length).toBeGreaterThan(60);
    for (const line of lines) expectBack((JSON.parse(line) as { edn: string }).edn);
  });

  test.each(FRAMES)(
    "every value of frames/%s.json does, and what is equal there is equal",
    async (name) => {
      const rows = JSON.parse(await readFixtureText(`frames/${name}.json`)) as Frame[];
      let values = 0;
      for (const { edn, value = edn, readBack, equal } of rows) {
        if (typeof value !== "string") continue;
        values++;
        expectBack(value);
        if (typeof readBack === "string") expectBack(readBack);
        const alike = equal !== true || equals(read(value), read(readBack ?? "nil"));
        expect(alike, value).toBe(true);
      }
      expect(values).toBeGreaterThan(10);
    },
  );

  test.each(TEXTS)("%s does", async (path) => {
    const values = readAll(await readFixtureText(path));
    expect(values.length).toBeGreaterThan(0);
    const printed = values.map(print).join("\n");
    const back = readAll(printed);
    expect(back.length).toBe(values.length);
    values.forEach((value, i) => expect(equals(value, back[i] ?? null)).toBe(true));
    expect(back.map(print).join("\n")).toBe(printed);
  });
});
