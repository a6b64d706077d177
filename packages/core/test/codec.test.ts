import { binary, type Codec, encoded, isEncoded } from "@datahike-sync/core";
import { type Edn, EdnMap, type Extension, keyword, tagged } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";

describe("an encoded value", () => {
  test("is decoded when it is asked for, and only once", () => {
    const codec = countingCodec();
    const value = encoded(codec, new TextEncoder().encode("[1]"));
    expect(codec.decoded).toBe(0);
    const first = value.decode();
    expect(first).toEqual([1]);
    expect(value.decode()).toBe(first);
    expect(codec.decoded).toBe(1);
  });

  test("that is nil is decoded only once", () => {
    const codec = countingCodec();
    const value = encoded(codec, new TextEncoder().encode("null"));
    expect([value.decode(), value.decode()]).toEqual([null, null]);
    expect(codec.decoded).toBe(1);
  });

  test("keeps the bytes and the name of its codec", () => {
    const bytes = new TextEncoder().encode("1");
    const value = encoded(countingCodec(), bytes);
    expect(value.codec).toBe("json");
    expect(value.bytes).toBe(bytes);
  });

  test("that cannot be decoded throws each time", () => {
    const value = encoded(countingCodec(), new TextEncoder().encode("["));
    expect(() => value.decode()).toThrow(SyntaxError);
    expect(() => value.decode()).toThrow(SyntaxError);
  });
});

describe("a binary value", () => {
  test("gives copies of its bytes", () => {
    const value = binary(Uint8Array.of(1, 2));
    const read = value.decode() as Uint8Array;
    read[0] = 9;
    expect(value.codec).toBe("binary");
    expect(value.bytes).toEqual(Uint8Array.of(1, 2));
    expect(value.decode()).toEqual(Uint8Array.of(1, 2));
  });
});

test("encoded values are told from EDN values", () => {
  const extension: Extension & { decode(): Edn } = {
    ednKind: "extension",
    identity: "i1",
    toEdn: () => 1,
    decode: () => 1,
  };
  const values: readonly Edn[] = [
    null,
    true,
    1,
    1n,
    "decode",
    new Date(0),
    new Uint8Array(),
    [1],
    keyword("decode"),
    new EdnMap([["decode", 1]]),
    tagged("decode", 1),
    extension,
  ];
  for (const value of values) expect(isEncoded(value)).toBe(false);
  expect(isEncoded(binary(new Uint8Array()))).toBe(true);
  expect(isEncoded(encoded(countingCodec(), new Uint8Array()))).toBe(true);
});

/** JSON, and how often it was decoded. */
function countingCodec(): Codec & { decoded: number } {
  return {
    name: "json",
    lossy: [],
    decoded: 0,
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode(bytes): Edn {
      this.decoded++;
      const value: Edn = JSON.parse(new TextDecoder().decode(bytes));
      return value;
    },
  };
}
