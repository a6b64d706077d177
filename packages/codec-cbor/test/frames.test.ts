/** Frames of the real stack: an id of four bytes, 14, and then a CBOR payload. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import { identity, print, read, tagged } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { describe, expect, test } from "vitest";
import { toHex } from "./hex.ts";
import { withoutMetadata } from "./without-metadata.ts";

interface Row {
  readonly label: string;
  readonly value: string;
  readonly readBack: string;
  readonly base64: string;
}

const RECORD = "{:p (rig-values/->Point 1 {:z :w})}";
const WITH_META = "(with-meta [1] {:m 1})";

/** Rows whose printed value is another than what the JVM wrote. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "(biginteger 12345)": "prints as a long, is written as a big integer",
  "(java.time.Instant/ofEpochMilli 1700000000123)": "prints under a tag, is written as a date is",
  [RECORD]: "prints the name of the class, is written under that of the record",
  [WITH_META]: "prints without metadata, is written with it",
};

const codec = cborCodec();
const rows = JSON.parse(await readFixtureText("frames/cbor.json")) as readonly Row[];

describe("frames of the JVM", () => {
  test("are all there", () => {
    expect(rows.length).toBe(120);
    const labels = rows.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(Object.keys(OTHERWISE)));
  });

  test("are read as the JVM reads them", () => {
    for (const { label, readBack, base64 } of rows.filter(({ label }) => label !== RECORD)) {
      const value = codec.decode(payload(base64));
      expect(identity(value), label).toBe(identity(read(readBack)));
    }
  });

  test("with a record, which the JVM prints as a map, are read as a tagged value", () => {
    const row = rows.find(({ label }) => label === RECORD);
    const value = codec.decode(payload(row?.base64 ?? ""));
    expect(row?.readBack).toBe("{:p {:x 1, :y {:z :w}}}");
    expect(print(value)).toBe("{:p #rig-values/Point {:x 1, :y {:z :w}}}");
  });

  test("give the same bytes when what was read is written again, but for metadata", () => {
    for (const { label, base64 } of rows) {
      const bytes = payload(base64);
      expect(toHex(codec.encode(codec.decode(bytes))), label).toBe(toHex(withoutMetadata(bytes)));
    }
    const annotated = rows.filter(({ base64 }) => {
      const bytes = payload(base64);
      return withoutMetadata(bytes).length < bytes.length;
    });
    expect(annotated.map(({ label }) => label)).toEqual([WITH_META]);
  });

  test("are what is written for their printed value, where that names the class", () => {
    for (const { label, value, base64 } of rows.filter(({ label }) => !(label in OTHERWISE))) {
      expect(toHex(codec.encode(read(value))), label).toBe(toHex(payload(base64)));
    }
  });
});

describe("frames with values of Datahike", async () => {
  const name = "frames/cbor-datahike-values.json";
  const values = JSON.parse(await readFixtureText(name)) as { edn: string; base64: string }[];
  const printed = cborCodec({
    handlers: { "datahike.datom/Datom": (fields) => tagged("datahike/Datom", ...fields) },
  });

  test("are read as what Datahike prints", () => {
    expect(values.length).toBe(19);
    for (const { edn, base64 } of values) {
      expect(identity(printed.decode(payload(base64)))).toBe(identity(read(edn)));
    }
  });

  test("give the same bytes when what was read is written again, but for metadata", () => {
    for (const { base64 } of values) {
      const bytes = payload(base64);
      expect(toHex(codec.encode(codec.decode(bytes)))).toBe(toHex(withoutMetadata(bytes)));
    }
  });
});

function payload(base64: string): Uint8Array {
  const frame = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  expect(toHex(frame.subarray(0, 4))).toBe("0000000e");
  return frame.subarray(4);
}
