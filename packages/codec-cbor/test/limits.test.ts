import { CBOR_LIMITS, cborCodec } from "@datahike-sync/codec-cbor";
import {
  bigInteger,
  char,
  decimal,
  type Edn,
  EdnMap,
  EdnSet,
  float,
  identity,
  isSyncError,
  keyword,
  numberArray,
  print,
  ratio,
  read,
  record,
  regex,
  type SyncError,
  tagged,
  uuid,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { readFixtureText } from "@datahike-sync/fixtures";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hex } from "./hex.ts";

const MILLION = 1_000_000;
const codec = cborCodec();

test("the limits have documented defaults", () => {
  expect(CBOR_LIMITS).toEqual({
    maxDepth: 1000,
    maxBytes: 104_857_600,
    maxIntegerBytes: 4096,
    maxExpansion: 268_435_456,
  });
});

describe("nesting", () => {
  /** What comes before, and again and again inside. */
  const NESTED: Readonly<Record<string, readonly [before: string, again: string]>> = {
    vectors: ["", "81"],
    "long vectors": ["", "9a 00 00 00 01"],
    "open vectors": ["", "9f"],
    "keys of maps": ["", "a1"],
    "values of maps": ["", "a1 01"],
    "keys of open maps": ["", "bf"],
    "values of open maps": ["", "bf 01"],
    sets: ["", "d9 01 02 81"],
    "open sets": ["", "d9 01 02 9f"],
    "tagged values": ["", "d8 1b 82 61 74"],
    "open tagged values": ["", "d8 1b 9f 61 74"],
    "names of objects": ["", "d8 1b 82"],
    "tags of others": ["", "d9 03 e8"],
    instants: ["", "c0"],
    "big integers": ["", "c2"],
    ratios: ["", "d8 1e 82 01"],
    names: ["", "d8 27"],
    UUIDs: ["", "d8 25"],
    "arrays of numbers": ["", "d8 4e"],
    "arrays of objects": ["", "d8 1b 82 71 6a 61 76 61 2f 6f 62 6a 65 63 74 2d 61 72 72 61 79 81"],
    metadata: ["", "d8 1b 82 71 63 6c 6f 6a 75 72 65 2f 77 69 74 68 2d 6d 65 74 61 82 a0"],
    namespaces: ["", "d9 01 00"],
    "names in a namespace": ["d9 01 00", "d8 27"],
  };

  test.each(Object.entries(NESTED))("of %s a million deep is beyond a limit", (_, parts) => {
    const error = failure(nested(parts, MILLION));
    expect(error?.code).toBe("CODEC_LIMIT");
    expect(error?.details).toMatchObject({ limit: "maxDepth", max: 1000 });
    // Not where the stack ended.
    const [before, again] = parts.map((part) => hex(part).length);
    expect(error?.details["offset"]).toBeLessThanOrEqual((before ?? 0) + 1001 * (again ?? 0));
  });

  test("is read and written up to the very limit", () => {
    const shallow = cborCodec({ maxDepth: 12 });
    const wraps: readonly (readonly [levels: number, wrap: (value: Edn) => Edn])[] = [
      [1, (value) => [value]],
      [1, (value) => new EdnMap([[1, value]])],
      [1, (value) => new EdnMap([[value, 1]])],
      [1, (value) => tagged("cbor/tag", 1000, value)],
      [2, (value) => new EdnSet([value])],
      [2, (value) => tagged("t", value)],
      [3, (value) => record("t", new EdnMap([[1, value]]))],
      [3, (value) => numberArray("object", [value])],
    ];
    const cores: readonly (readonly [levels: number, value: Edn])[] = [
      [0, 1],
      [0, "text"],
      [0, keyword("a")],
      [0, uuid("00000000-0000-0000-0000-000000000000")],
      [0, float(1)],
      [1, new Date(0)],
      [1, new Date(8.64e15)],
      [1, regex("a")],
      [1, bigInteger(1)],
      [1, numberArray("int", new Int32Array(1))],
      [2, char("a")],
      [2, decimal("1.5")],
      [3, numberArray("boolean", [true])],
      [3, ratio(2n ** 70n, 3n)],
    ];
    for (const [each, wrap] of wraps) {
      for (const [inside, core] of cores) {
        let value: Edn = core;
        for (let depth = inside; depth + each <= 12; depth += each) value = wrap(value);
        const bytes = codec.encode(value);
        expect(shallow.encode(value)).toEqual(bytes);
        expect(codec.encode(shallow.decode(bytes))).toEqual(bytes);
        const deeper = wrap(value);
        const limited = { code: "CODEC_LIMIT", details: { limit: "maxDepth", max: 12 } };
        expect(() => shallow.encode(deeper)).toThrow(expect.objectContaining(limited));
        expect(failure(codec.encode(deeper), shallow)?.details["limit"]).toBe("maxDepth");
      }
    }
  });

  test("of 1000 levels is read and written", () => {
    let [value, object]: [Edn, Edn] = [1, 1];
    for (let depth = 0; depth < 1000; depth++) value = [value];
    for (let depth = 0; depth < 500; depth++) object = tagged("t", object);
    for (const deep of [value, object]) {
      const bytes = codec.encode(deep);
      expect(codec.encode(codec.decode(bytes))).toEqual(bytes);
    }
  });

  test("that ends the stack before the limit is beyond the limit, too", () => {
    const deep = cborCodec({ maxDepth: 10 * MILLION });
    const error = failure(nested(["", "81"], MILLION), deep);
    expect(error?.code).toBe("CODEC_LIMIT");
    expect(error?.details).toMatchObject({ limit: "maxDepth", offset: expect.any(Number) });
    let value: Edn = 1;
    for (let depth = 0; depth < MILLION; depth++) value = [value];
    expect(() => deep.encode(value)).toThrow(expect.objectContaining({ code: "CODEC_LIMIT" }));
  });

  test("within itself is beyond a limit", () => {
    const value: Edn[] = [];
    value.push(value);
    expect(() => codec.encode(value)).toThrow("beyond the limit maxDepth");
  });

  function nested([before, again]: readonly [string, string], depth: number): Uint8Array {
    const [start, part] = [hex(before), hex(again)];
    const bytes = new Uint8Array(start.length + depth * part.length);
    bytes.set(start);
    for (let at = start.length; at < bytes.length; at += part.length) bytes.set(part, at);
    return bytes;
  }
});

describe("counts that the bytes do not hold", () => {
  const COUNTED = [
    "5a",
    "7a",
    "9a",
    "ba",
    "d9 01 02 9a",
    "d8 1b 82 7a",
    "d8 27 7a",
    "5f 5a",
    "7f 7a",
  ];
  const COUNTS = ["ff ff ff ff", "80 00 00 00", "7f ff ff ff", "01 ff ff ff", "00 00 00 03"];

  test.each(COUNTED)("behind %s are refused at once", (code) => {
    for (const count of COUNTS) {
      const started = performance.now();
      const error = failure(hex(`81 ${code} ${count} 01 01`));
      expect(error?.code).toBe("CODEC_TRUNCATED");
      expect(error?.details["offset"]).toBeLessThanOrEqual(8);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });

  test("of eight bytes are refused, too", () => {
    for (const head of ["5b", "7b", "9b", "bb"]) {
      for (const count of ["ffffffffffffffff", "0020000000000000", "0000000100000000"]) {
        expect(failure(hex(`${head}${count}01`))?.code).toBe("CODEC_TRUNCATED");
      }
    }
  });

  test("make no room, however deep they are nested", () => {
    const part = hex("9a 00 00 27 10");
    const bytes = new Uint8Array(5 * 10_000);
    for (let at = 0; at < bytes.length; at += 5) bytes.set(part, at);
    expect(failure(bytes)?.details).toMatchObject({ limit: "maxDepth" });
    const narrow = cborCodec({ maxExpansion: MILLION });
    expect(failure(bytes, narrow)?.details).toMatchObject({ limit: "maxExpansion" });
  });
});

test("bytes that end early are CODEC_TRUNCATED wherever they end", async () => {
  for (const bytes of await samples()) {
    for (let end = 0; end < bytes.length; end++) {
      const error = failure(bytes.subarray(0, end));
      expect(error?.code).toBe("CODEC_TRUNCATED");
      expect(error?.details["offset"]).toBeLessThanOrEqual(end);
    }
  }
});

test("damaged bytes give a value that can be written, or an error that says where", async () => {
  const all = await samples();
  const faults: string[] = [];
  for (let run = 0; run < cases(200_000); run++) {
    const random = new Random(run);
    const bytes = mutate(random.pick(all), random);
    const outcome = valueOrFailure(bytes);
    const isRight = isSyncError(outcome) ? isSound(outcome, bytes) : isWritable(outcome);
    if (!isRight) faults.push(`seed ${seed} run ${run}`);
  }
  expect(faults).toEqual([]);
});

describe("the limit maxBytes", () => {
  test("holds for what is read and for what is written", () => {
    const small = cborCodec({ maxBytes: 10 });
    const details = { limit: "maxBytes", max: 10 };
    expect(small.decode(small.encode("a".repeat(9)))).toBe("a".repeat(9));
    expect(failure(codec.encode("a".repeat(10)), small)?.details).toEqual({
      ...details,
      offset: 0,
    });
    const zeros = Array.from({ length: 11 }, () => 0);
    for (const value of ["a".repeat(10), new Uint8Array(5000), zeros]) {
      expect(() => small.encode(value)).toThrow(
        expect.objectContaining({ code: "CODEC_LIMIT", details }),
      );
      expect(small.encode(1)).toEqual(Uint8Array.of(1));
    }
  });
});

describe("the limit maxIntegerBytes", () => {
  test("holds for integers and the digits of decimals and ratios", () => {
    const small = cborCodec({ maxIntegerBytes: 10 });
    const [fits, beyond] = [2n ** 80n - 1n, 2n ** 80n];
    const makers = [
      (value: bigint) => bigInteger(value),
      (value: bigint) => bigInteger(-value - 1n),
      (value: bigint) => decimal(value, 2),
      (value: bigint) => ratio(1n, value),
    ];
    for (const make of makers) {
      expect(print(small.decode(small.encode(make(fits))))).toBe(print(make(fits)));
      const details = { limit: "maxIntegerBytes", max: 10 };
      expect(() => small.encode(make(beyond))).toThrow(
        expect.objectContaining({ code: "CODEC_LIMIT", details }),
      );
      expect(failure(codec.encode(make(beyond)), small)?.details).toMatchObject(details);
    }
  });
});

describe("the limit maxExpansion", () => {
  test.each<[string, number]>([
    ['[nil true 1 "text" 1.5 9007199254740993]', 128 + 6 * 8],
    ["{}", 128],
    ["{1 2}", 128 + 16 + 64],
    ["#{1}", 128 + 128 + 8 + 64],
    ["1.0", 128],
    ["#float 1.0", 128],
    ["12N", 128 + 128],
    ['#bytes "AAAA"', 128],
    ['#inst "2025"', 128],
    ['#uuid "00000000-0000-0000-0000-000000000000"', 128],
    [":keyword", 128],
    ["[:a :a]", 128 + 16 + 2 * 128],
    ["symbol", 128],
    ["\\a", 128 + 8],
    ["1/3", 128 + 128 + 16 + 3 ** 2],
    ["1.5M", 128 + 128 + 16],
    ["#int-array [1 2 3]", 128 + 128],
    ["#boolean-array [true false]", 128 + 8 + 128 + 16],
    ["#tag 1", 128 + 8],
    ['#tagged ["cbor/tag" 1000 1]', 128],
    ['#tagged ["cbor/simple" 99]', 128 + 8],
    ["{:a 1}", 128 + 16 + 64 + 128],
    ["{[1 2] 3}", 128 + 16 + 64 + 128 + 16 + 3 * 32],
    ["#{1.5M}", 128 + 128 + 8 + 64 + 128 + 128 + 16 + 4 * 32],
  ])("counts %s as %i", (edn, cost) => {
    const bytes = codec.encode(read(edn));
    const [enough, less] = [cost, cost - 1].map((maxExpansion) => cborCodec({ maxExpansion }));
    expect(failure(bytes, enough)).toBeUndefined();
    expect(failure(bytes, less)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  test("counts the items of a sorted set by all of its bytes", () => {
    const bytes = hex("d81b82 72636c6f6a7572652f736f727465642d736574 81 82 01 02");
    const [object, items, item] = [128 + 8, 128 + 8, 128 + 16];
    const cost = object + items + item + 64 + 4 * 32;
    expect(failure(bytes, cborCodec({ maxExpansion: cost }))).toBeUndefined();
    const less = cborCodec({ maxExpansion: cost - 1 });
    expect(failure(bytes, less)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  /** Values that cost much more than their bytes. */
  const COSTLY: Readonly<Record<string, string>> = {
    "empty vectors": "80",
    "open vectors": "9fff",
    "empty maps": "a0",
    "empty bytes": "40",
    "empty bytes in chunks": "5fff",
    halves: "f90000",
    "small maps": "a10000",
    "sets that hold a vector": "d901028180",
    "sorted sets that hold a vector": "d81b8272636c6f6a7572652f736f727465642d7365748180",
    keywords: "d827623a61",
    "tagged values": "d81b826174f6",
    "undefined values": "f7",
    "tags of others": "d903e800",
    "arrays of numbers": "d84e40",
    "integers beyond a long in arrays": "d84348ffffffffffffffff",
  };

  test.each(Object.entries(COSTLY))("bounds what %s cost", (_, item) => {
    const part = hex(item);
    const bytes = new Uint8Array(3 + 10_000 * part.length);
    bytes.set(hex("992710"));
    for (let at = 3; at < bytes.length; at += part.length) bytes.set(part, at);
    const limited = cborCodec({ maxExpansion: MILLION });
    expect(failure(bytes, limited)?.details).toMatchObject({ limit: "maxExpansion", max: MILLION });
    expect(failure(bytes)).toBeUndefined();
  });

  test.each([
    ["strings", "7a"],
    ["bytes", "5a"],
  ])("bounds what references to long %s cost", (_, head) => {
    const long = new Uint8Array(MILLION).fill(0x61);
    const bytes = Uint8Array.from([
      ...hex(`d90100 9903e9 ${head}000f4240`),
      ...long,
      ...Array.from({ length: 1000 }, () => hex("d81900")).flatMap((part) => [...part]),
    ]);
    expect(failure(bytes)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  test("bounds the time that it takes to tell keys apart which refer to long strings", () => {
    const long = new Uint8Array(MILLION).fill(0x61);
    const keys = Array.from({ length: 20 }, (_, i) => [...hex("82d81900"), i]).flat();
    const bytes = Uint8Array.from([
      ...hex("d90100 82 7a000f4240"),
      ...long,
      ...hex("d9010294"),
      ...keys,
    ]);
    expect(failure(bytes)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  test("bounds the time that ratios take", () => {
    const part = [...hex("d81e82"), ...integer(4000), ...integer(3999)];
    const bytes = Uint8Array.from([
      ...hex("9864"),
      ...Array.from({ length: 100 }, () => part).flat(),
    ]);
    expect(failure(bytes)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  test("holds for what is written just as for what is read", () => {
    fc.assert(
      fc.property(
        ednArbitrary(fc, { portable: true }),
        fc.integer({ min: 0, max: 5000 }),
        (value, maxExpansion) => {
          const limited = cborCodec({ maxExpansion });
          const bytes = codec.encode(value);
          expect(refuses(() => limited.encode(value))).toBe(refuses(() => limited.decode(bytes)));
        },
      ),
      { numRuns: cases(20_000), seed },
    );
  });

  test("lets ordinary values of many megabytes through", () => {
    const [id, name] = [keyword("item/id"), keyword("item/name")];
    const items = Array.from(
      { length: 200_000 },
      (_, i) =>
        [
          [id, i],
          [name, `item ${i}`],
        ] as const,
    );
    const value = items.map((entries) => new EdnMap(entries));
    expect(codec.decode(codec.encode(value))).toHaveLength(value.length);
  });

  function refuses(attempt: () => unknown): boolean {
    try {
      attempt();
      return false;
    } catch (error) {
      if (isSyncError(error, "CODEC_LIMIT")) return true;
      throw error;
    }
  }

  /** A positive big integer of so many bytes, odd and of no pattern. */
  function integer(length: number): number[] {
    const random = new Random(length);
    const digits = Array.from({ length }, () => random.below(256) | 1);
    return [0xc2, 0x59, length >> 8, length & 0xff, ...digits];
  }
});

async function samples(): Promise<Uint8Array[]> {
  const rows = JSON.parse(await readFixtureText("frames/cbor.json")) as { base64: string }[];
  const frames = rows.map(({ base64 }) =>
    Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0)).subarray(4),
  );
  const small = frames.filter((bytes) => bytes.length < 100);
  const all = small.map((bytes) => codec.decode(bytes));
  const referring = hex("d90100 84 63616161 d81900 d827643a6b6579 d827d81901");
  return [...small, codec.encode(all), referring];
}

function isWritable(value: Edn): boolean {
  return identity(codec.decode(codec.encode(value))) === identity(value);
}

/** Whether an error says what is wrong and where. */
function isSound({ code, details }: SyncError, bytes: Uint8Array): boolean {
  const { offset, limit } = details;
  const isInside = typeof offset === "number" && offset >= 0 && offset <= bytes.length;
  const isNamed = (code === "CODEC_LIMIT") === (typeof limit === "string");
  return isInside && isNamed && ["CODEC_TRUNCATED", "CODEC_INVALID", "CODEC_LIMIT"].includes(code);
}

function failure(bytes: Uint8Array, by = codec): SyncError | undefined {
  const outcome = valueOrFailure(bytes, by);
  return isSyncError(outcome) ? outcome : undefined;
}

function valueOrFailure(bytes: Uint8Array, by = codec): Edn | SyncError {
  try {
    return by.decode(bytes);
  } catch (error) {
    if (isSyncError(error)) return error;
    throw error;
  }
}
