/** Frames of the real stack: an id of four bytes, 13, and then a Fressian payload. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { identity, read } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { datahikeAsPrinted } from "./datahike-as-printed.ts";
import { toHex } from "./hex.ts";

interface Row {
  readonly label: string;
  readonly value: string;
  readonly readBack: string;
  readonly base64: string;
}

/** Rows whose printed value is of another class than what the JVM wrote. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "(seq [1 2 3]) ; ChunkedSeq": "prints as a list, is written as a raw list",
  "(cons 0 [1 2]) ; Cons": "prints as a list, is written as a raw list",
  "(first {:a 1}) ; MapEntry": "prints as a vector, is written as a raw list",
  "(biginteger 12345)": "prints as a long, is written as a big integer",
};

const codec = fressianCodec();
const rows = JSON.parse(await readFixtureText("frames/fressian.json")) as readonly Row[];

describe("frames of the JVM", () => {
  test("are all there", () => {
    expect(rows.length).toBe(119);
    const labels = rows.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(Object.keys(OTHERWISE)));
  });

  test("are read as the JVM reads them", () => {
    for (const { label, readBack, base64 } of rows) {
      const value = codec.decode(payload(base64));
      expect(identity(value), label).toBe(identity(read(readBack)));
    }
  });

  test("give the same bytes when what was read is written again", () => {
    for (const { label, base64 } of rows) {
      const bytes = payload(base64);
      expect(toHex(codec.encode(codec.decode(bytes))), label).toBe(toHex(bytes));
    }
  });

  test("are what is written for their printed value, where that names the class", () => {
    for (const { label, value, base64 } of rows.filter(({ label }) => !(label in OTHERWISE))) {
      expect(toHex(codec.encode(read(value))), label).toBe(toHex(payload(base64)));
    }
  });

  test("are read as something equal to what is written for their printed value, elsewhere", () => {
    for (const { label, value, base64 } of rows.filter(({ label }) => label in OTHERWISE)) {
      const bytes = payload(base64);
      const written = codec.encode(read(value));
      expect(toHex(written), label).not.toBe(toHex(bytes));
      expect(identity(codec.decode(written)), label).toBe(identity(codec.decode(bytes)));
    }
  });
});

describe("frames with values of Datahike 0.6", async () => {
  const name = "frames/fressian-datahike-values-0.6.json";
  const values = JSON.parse(await readFixtureText(name)) as { edn: string; base64: string }[];
  const printed = fressianCodec({ handlers: datahikeAsPrinted });

  test("are read as what Datahike prints", () => {
    expect(values.length).toBe(16);
    for (const { edn, base64 } of values) {
      expect(identity(printed.decode(payload(base64)))).toBe(identity(read(edn)));
    }
  });

  test("give the same bytes when what was read is written again", () => {
    for (const { base64 } of values) {
      const bytes = payload(base64);
      expect(codec.encode(codec.decode(bytes))).toEqual(bytes);
    }
  });
});

function payload(base64: string): Uint8Array {
  const frame = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  expect(toHex(frame, 4)).toBe("00 00 00 0D");
  return frame.subarray(4);
}
