import { FRESSIAN_LIMITS, fressianCodec } from "@datahike-sync/codec-fressian";
import {
  bigInteger,
  decimal,
  type Edn,
  EdnMap,
  EdnSet,
  identity,
  isSyncError,
  list,
  numberArray,
  type RawList,
  rawList,
  record,
  type SyncError,
  tagged,
} from "@datahike-sync/edn";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";
import { SAMPLES } from "./samples.ts";

const MILLION = 1_000_000;
const codec = fressianCodec();

test("the limits have documented defaults", () => {
  expect(FRESSIAN_LIMITS).toEqual({
    maxDepth: 1000,
    maxBytes: 104_857_600,
    maxIntegerBytes: 4096,
    maxExpansion: 268_435_456,
  });
});

describe("nesting", () => {
  /** What comes before, again and again inside, and at the end of nested objects. */
  const NESTED: Readonly<Record<string, readonly [before: string, again: string, end: string]>> = {
    vectors: ["EF DE 70 76 65 63 02 01", "A0 01", "00"],
    lists: ["EF DF 70 6C 69 73 74 02 01", "A0 01", "00"],
    "raw lists": ["", "E5", "00"],
    "counted raw lists": ["", "EC 01", "00"],
    "closed lists": ["", "ED", "00"],
    "open lists": ["", "EE", "00"],
    "values of maps": ["", "C0 E6 00", "00"],
    "keys of maps": ["", "C0 E6", "00"],
    "closed maps": ["", "C0 ED 00", "00"],
    sets: ["", "C1 E5", "00"],
    structs: ["EF DB 74 01", "A0", "00"],
    "struct definitions": ["", "EF DB 74 01", "00"],
    "structs of any place": ["EF DB 74 01", "F0 00", "00"],
    records: [
      "EF E1 69 72 65 63 6F 72 64 02 01 C9 F7 DB 61 E6 00",
      "A0 01 C9 F7 DB 61 E6 00",
      "00",
    ],
    arrays: ["", "B5 01", "00"],
    "cached objects": ["", "CD E5", "00"],
    "resets of the caches": ["", "FE E5", "00"],
  };

  test.each(Object.entries(NESTED))("of %s a million deep is beyond a limit", (_, parts) => {
    const error = failure(nested(parts, MILLION));
    expect(error?.code).toBe("CODEC_LIMIT");
    expect(error?.details).toMatchObject({ limit: "maxDepth", max: 1000 });
    expect(error?.details["offset"]).toBeLessThan(20 * 1000);
  });

  test.each(Object.entries(NESTED))("of %s 400 deep is read", (_, parts) => {
    expect(failure(nested(parts, 400))?.code).not.toBe("CODEC_LIMIT");
  });

  test.each(["C3", "C4", "C5", "C6", "C7", "C8", "C9", "CA", "EF", "CD", "D9", "E3", "EC"])(
    "of the code %s in itself is refused at once",
    (code) => {
      const error = failure(new Uint8Array(MILLION).fill(hex(code)[0] ?? 0));
      expect(error?.code).toBe("CODEC_INVALID");
      expect(error?.details["offset"]).toBeLessThanOrEqual(2);
    },
  );

  test("is read and written up to the very limit", () => {
    const shallow = fressianCodec({ maxDepth: 10 });
    const wraps: ((value: Edn) => Edn)[] = [
      (value) => [value],
      (value) => list(value),
      (value) => rawList(value),
      (value) => tagged("t", value),
      (value) => new EdnMap([[1, value]]),
      (value) => new EdnSet([value]),
      (value) => record("a.B", new EdnMap([[1, value]])),
      (value) => numberArray("object", [value]),
    ];
    for (const wrap of wraps) {
      let value: Edn = 1;
      for (let depth = 0; depth < 10; depth++) value = wrap(value);
      const bytes = shallow.encode(value);
      expect(identity(shallow.decode(bytes))).toBe(identity(value));
      const deeper = wrap(value);
      const limited = { code: "CODEC_LIMIT", details: { limit: "maxDepth", max: 10 } };
      expect(() => shallow.encode(deeper)).toThrow(expect.objectContaining(limited));
      expect(failure(codec.encode(deeper), shallow)?.details["limit"]).toBe("maxDepth");
    }
  });

  test("that ends the stack before the limit is beyond the limit, too", () => {
    const deep = fressianCodec({ maxDepth: 10 * MILLION });
    const error = failure(nested(["", "E5", "00"], MILLION), deep);
    expect(error?.code).toBe("CODEC_LIMIT");
    expect(error?.details).toMatchObject({ limit: "maxDepth", offset: expect.any(Number) });
    let value: Edn = 1;
    for (let depth = 0; depth < MILLION; depth++) value = [value];
    expect(() => deep.encode(value)).toThrow(expect.objectContaining({ code: "CODEC_LIMIT" }));
  });

  test("of resets one after the other is none", () => {
    const bytes = new Uint8Array(MILLION).fill(0xfe);
    bytes[MILLION - 1] = 7;
    expect(codec.decode(bytes)).toBe(7);
  });
});

describe("counts", () => {
  const COUNTS = [
    "76 80 00 00 00", // 2^31
    "77 00 00 00 00", // 2^32
    "F8 00 20 00 00 00 00 00 00", // 2^53
    "F8 7F FF FF FF FF FF FF FF", // 2^63 - 1
    "FF", // -1
    "F8 80 00 00 00 00 00 00 00", // -2^63
    "DB 61", // a string
  ];
  const COUNTED = {
    "long[]": "B0",
    "double[]": "B1",
    "boolean[]": "B2",
    "int[]": "B3",
    "float[]": "B4",
    "Object[]": "B5",
    "a map's list": "C0 EC",
    "a set's list": "C1 EC",
    "a reference": "CC",
    "a chunk of bytes": "D8",
    bytes: "D9",
    "a chunk of text": "E2",
    text: "E3",
    "a raw list": "EC",
    "a struct's fields": "EF DB 74",
    "a struct's place": "F0",
    "a vector": "EF DE 70 76 65 63 02",
    "a list": "EF DF 70 6C 69 73 74 02",
    "a record": "EF E1 69 72 65 63 6F 72 64 02",
  };

  test.each(Object.entries(COUNTED))("of %s beyond the bytes are refused", (_, code) => {
    for (const count of COUNTS) {
      for (const rest of ["", "00".repeat(100)]) {
        const error = failure(hex(`${code} ${count} ${rest}`));
        expect(["CODEC_TRUNCATED", "CODEC_INVALID"]).toContain(error?.code);
      }
    }
  });
});

describe("what a small input stands for", () => {
  test("is shared where it is one cached object", () => {
    const shared = hex(`CD E3 51 00 ${"61".repeat(256)}`);
    const bytes = Uint8Array.of(0xec, 0x53, 0xe9, ...shared, ...new Uint8Array(1000).fill(0x80));
    const { items } = codec.decode(bytes) as RawList;
    expect(items.length).toBe(1001);
    expect(items.every((item) => item === items[0])).toBe(true);
  });

  test("has a limit where cached objects hold each other twice", () => {
    // Each list is cached and holds the one before twice: 2^60 items in all.
    const doubled = Array.from({ length: 60 }, (_, i) =>
      i === 0 ? "CD E5 00" : `CD E6 ${reference(i - 1)} ${reference(i - 1)}`,
    );
    for (const code of ["", "C1"]) {
      const error = failure(hex(`${code} EC 3C ${doubled.join(" ")}`));
      expect(error?.code).toBe("CODEC_LIMIT");
      expect(error?.details).toMatchObject({ limit: "maxExpansion", max: 268_435_456 });
    }
  });

  test("has a limit where a long text is referred to a million times", () => {
    const text = hex(`CD E3 53 E8 ${"61".repeat(1000)}`);
    const bytes = new Uint8Array(4 + text.length + MILLION).fill(0x80);
    bytes.set([0xee]);
    bytes.set(text, 1);
    expect(failure(bytes)?.details["limit"]).toBe("maxExpansion");
  });

  test("has a limit where a collection is inside a thousand sets", () => {
    const items = "00".repeat(20_000);
    const sets = "C1 E5".repeat(900);
    expect(failure(hex(`${sets} EC 68 4E 20 ${items}`))?.details["limit"]).toBe("maxExpansion");
  });

  test.each(["C0 E4", "D0", "E4", "C8 00", "C1 E4", "C6 D0", "B0 00", "CA F7 DA", "CD 00"])(
    "has a limit where it is nothing but %s",
    (object) => {
      const small = fressianCodec({ maxExpansion: MILLION });
      const one = hex(object);
      const bytes = new Uint8Array(1 + one.length * 100_000).fill(0xee);
      for (let at = 1; at < bytes.length; at += one.length) bytes.set(one, at);
      expect(failure(bytes, small)?.details).toMatchObject({ limit: "maxExpansion", max: MILLION });
      expect(failure(bytes.subarray(0, 1 + one.length * 2500), small)).toBeUndefined();
    },
  );

  test("has a limit where a ratio would take long to reduce", () => {
    const big = `C6 D9 68 10 00 ${"7F".repeat(4096)}`;
    const ratios = `EF DF 72 61 74 69 6F 02 ${big} ${big} ${`A0 ${big} ${big}`.repeat(20)}`;
    expect(failure(hex(`EE ${ratios}`))?.details["limit"]).toBe("maxExpansion");
  });
});

describe("maxBytes", () => {
  const small = fressianCodec({ maxBytes: 100 });

  test("bounds what is read", () => {
    expect(failure(new Uint8Array(101), small)?.details).toEqual({
      limit: "maxBytes",
      max: 100,
      offset: 0,
    });
  });

  test("bounds what is written, to the byte", () => {
    expect(small.decode(small.encode("x".repeat(97)))).toBe("x".repeat(97));
    for (const length of [98, 99, 2000, MILLION]) {
      expect(() => small.encode("x".repeat(length))).toThrow(
        expect.objectContaining({
          code: "CODEC_LIMIT",
          details: { limit: "maxBytes", max: 100 },
        }),
      );
    }
  });
});

describe("maxIntegerBytes", () => {
  const small = fressianCodec({ maxIntegerBytes: 10 });
  const limited = { code: "CODEC_LIMIT", details: { limit: "maxIntegerBytes", max: 10 } };

  test("bounds big integers and the digits of decimals", () => {
    const most = 2n ** 79n - 1n;
    for (const make of [bigInteger, (n: bigint) => decimal(n, 2)]) {
      expect(identity(small.decode(small.encode(make(most))))).toBe(identity(make(most)));
      expect(() => small.encode(make(most + 1n))).toThrow(expect.objectContaining(limited));
      expect(failure(codec.encode(make(most + 1n)), small)?.details).toMatchObject(limited.details);
    }
  });
});

describe("hostile bytes", () => {
  const samples = SAMPLES.map((value) => codec.encode(value));

  test("that end early are truncated, wherever they end", () => {
    for (const bytes of samples) {
      expect(failure(bytes)).toBeUndefined();
      for (let length = 0; length < bytes.length; length++) {
        const error = failure(bytes.subarray(0, length));
        expect(error?.code, toHex(bytes.subarray(0, length))).toBe("CODEC_TRUNCATED");
        expect(error?.details["offset"]).toBeLessThanOrEqual(length);
      }
    }
  });

  test("give a value that can be written and read again, or a typed error with an offset", () => {
    const unbounded: string[] = [];
    for (let number = 0; number < cases(200_000); number++) {
      const random = new Random(number);
      const bytes = mutate(random.pick(samples), random);
      if (!isBounded(bytes)) unbounded.push(`case ${number}, SEED=${seed}: ${toHex(bytes)}`);
    }
    expect(unbounded).toEqual([]);
  });

  test("of pure chance do the same", () => {
    const unbounded: string[] = [];
    for (let number = 0; number < cases(200_000); number++) {
      const random = new Random(number + MILLION);
      const bytes = Uint8Array.from({ length: 1 + random.below(20) }, () =>
        random.below(3) > 0 ? 0xb0 + random.below(0x50) : random.below(8),
      );
      if (!isBounded(bytes)) unbounded.push(`case ${number}, SEED=${seed}: ${toHex(bytes)}`);
    }
    expect(unbounded).toEqual([]);
  });
});

/** Whether bytes do what hostile bytes may do. */
function isBounded(bytes: Uint8Array): boolean {
  try {
    const value = codec.decode(bytes);
    return identity(codec.decode(codec.encode(value))) === identity(value);
  } catch (error) {
    if (!isSyncError(error) || !/^CODEC_(TRUNCATED|INVALID|LIMIT)$/.test(error.code)) return false;
    const offset = error.details["offset"];
    return typeof offset === "number" && offset >= 0 && offset <= bytes.length;
  }
}

/** The error of decoding, if there is one. Anything but a `SyncError` is thrown. */
function failure(bytes: Uint8Array, by = codec): SyncError | undefined {
  try {
    by.decode(bytes);
    return undefined;
  } catch (error) {
    if (isSyncError(error)) return error;
    throw error;
  }
}

function nested(
  [before, again, end]: readonly [string, string, string],
  times: number,
): Uint8Array {
  const [head, middle, tail] = [hex(before), hex(again), hex(end)];
  const bytes = new Uint8Array(head.length + middle.length * times + tail.length);
  bytes.set(head);
  for (let i = 0; i < times; i++) bytes.set(middle, head.length + i * middle.length);
  bytes.set(tail, bytes.length - tail.length);
  return bytes;
}

function reference(index: number): string {
  const digits = (value: number) => value.toString(16).padStart(2, "0");
  return index < 32 ? digits(0x80 + index) : `CC ${digits(index)}`;
}
