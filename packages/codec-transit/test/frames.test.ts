/** Frames of the real stack: an id of four bytes, 11 or 12, and then a payload of transit. */
import { transitCodec } from "@datahike-sync/codec-transit";
import { print, read } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { toHex } from "./hex.ts";

interface Row {
  readonly label: string;
  /** What the JVM wrote, and what it read again. */
  readonly value: string;
  readonly readBack: string;
  readonly base64: string;
}

/** Rows whose printed value does not tell the bytes. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "(biginteger 12345)": "prints as a long, is written as a big integer",
  "{:p (rig-values/->Point 1 {:z :w})}":
    "the JVM's transit puts its own handler of maps over incognito's, and so loses the record's type",
};

const FRAMES = [
  ["json", "00 00 00 0B"],
  ["msgpack", "00 00 00 0C"],
] as const;

describe.each(FRAMES)("frames of the JVM in %s", async (format, id) => {
  const codec = transitCodec({ format });
  const text = await readFixtureText(`frames/transit-${format}.json`);
  const rows = JSON.parse(text) as readonly Row[];

  test("are all there", () => {
    expect(rows.length).toBe(118);
    const labels = rows.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(Object.keys(OTHERWISE)));
  });

  test("are read as the JVM reads them, kind for kind", () => {
    for (const { label, readBack, base64 } of rows) {
      expect(print(codec.decode(payload(base64))), label).toBe(print(read(readBack)));
    }
  });

  test("are what is written for their printed value, where that tells the bytes", () => {
    for (const { label, value, base64 } of rows.filter(({ label }) => !(label in OTHERWISE))) {
      expect(toHex(codec.encode(read(value))), label).toBe(toHex(payload(base64)));
    }
  });

  test("give the same bytes when what was read is written again", () => {
    for (const { label, base64 } of rows) {
      if (label === "(float-array [1.0 2.5])" || label === "(float 1.5)") {
        // MessagePack's floats are read as doubles, as on the JVM.
        if (format === "msgpack") continue;
      }
      const bytes = payload(base64);
      expect(toHex(codec.encode(codec.decode(bytes))), label).toBe(toHex(bytes));
    }
  });

  function payload(base64: string): Uint8Array {
    const frame = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
    expect(toHex(frame, 4)).toBe(id);
    return frame.subarray(4);
  }
});

describe("values of Datahike", async () => {
  const name = "frames/fressian-datahike-values-0.6.json";
  const values = JSON.parse(await readFixtureText(name)) as readonly { readonly edn: string }[];

  test.each(FRAMES)("come back in %s", (format) => {
    const codec = transitCodec({ format });
    expect(values.length).toBe(16);
    for (const { edn } of values) {
      const value = read(edn);
      expect(print(codec.decode(codec.encode(value)))).toBe(print(value));
    }
  });
});
