import { MSGPACK_LIMITS, msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  bigInteger,
  decimal,
  type Edn,
  EdnMap,
  EdnSet,
  identity,
  isSyncError,
  keyword,
  list,
  numberArray,
  print,
  ratio,
  rawList,
  read,
  record,
  type SyncError,
  tagged,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { readFixtureText } from "@datahike-sync/fixtures";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hex } from "./hex.ts";

const MILLION = 1_000_000;
const codec = msgpackCodec();

test("the limits have documented defaults", () => {
  expect(MSGPACK_LIMITS).toEqual({
    maxDepth: 1000,
    maxBytes: 67_108_864,
    maxIntegerBytes: 4096,
    maxExpansion: 268_435_456,
  });
});

describe("nesting", () => {
  /** What comes before, and again and again inside. */
  const NESTED: Readonly<Record<string, readonly [before: string, again: string]>> = {
    vectors: ["", "91"],
    "long vectors": ["", "dd 00 00 00 01"],
    lists: ["", "92 c7 00 20"],
    "raw lists": ["", "92 c7 00 21"],
    sets: ["", "92 c7 00 22"],
    ratios: ["", "93 c7 00 23 01"],
    decimals: ["", "93 c7 00 24"],
    arrays: ["", "92 c7 00 25"],
    "tagged values": ["", "92 d4 26 74"],
    "tagged values again": ["92 d4 26 74", "92 d4 27 00"],
    records: ["92 d4 28 74 81 01", "92 d4 29 00 81 01"],
    "values of maps": ["", "81 01"],
    "keys of maps": ["", "81"],
  };

  test.each(Object.entries(NESTED))("of %s a million deep is beyond a limit", (_, parts) => {
    const error = failure(nested(parts, MILLION));
    expect(error?.code).toBe("CODEC_LIMIT");
    expect(error?.details).toMatchObject({ limit: "maxDepth", max: 1000 });
    expect(error?.details["offset"]).toBeLessThan(10 * 1000);
  });

  test("is read and written up to the very limit", () => {
    const shallow = msgpackCodec({ maxDepth: 10 });
    const wraps: ((value: Edn) => Edn)[] = [
      (value) => [value],
      (value) => list(value),
      (value) => rawList(value),
      (value) => tagged("t", value),
      (value) => new EdnMap([[1, value]]),
      (value) => new EdnMap([[value, 1]]),
      (value) => new EdnSet([value]),
      (value) => numberArray("object", [value]),
    ];
    for (const wrap of wraps) {
      let value: Edn = 1;
      for (let depth = 0; depth < 10; depth++) value = wrap(value);
      expect(print(shallow.decode(shallow.encode(value)))).toBe(print(value));
      const deeper = wrap(value);
      const limited = { code: "CODEC_LIMIT", details: { limit: "maxDepth", max: 10 } };
      expect(() => shallow.encode(deeper)).toThrow(expect.objectContaining(limited));
      expect(failure(codec.encode(deeper), shallow)?.details["limit"]).toBe("maxDepth");
    }
  });

  test("counts a record as two levels, for its map", () => {
    const value = record("t", new EdnMap([[1, 2]]));
    expect(msgpackCodec({ maxDepth: 2 }).encode(value)).toEqual(codec.encode(value));
    expect(() => msgpackCodec({ maxDepth: 1 }).encode(value)).toThrow("beyond the limit maxDepth");
  });

  test("of 1000 levels is read and written, of whatever kind", () => {
    for (const wrap of [(value: Edn) => [value], (value: Edn) => tagged("t", value)]) {
      let value: Edn = 1;
      for (let depth = 0; depth < 1000; depth++) value = wrap(value);
      const bytes = codec.encode(value);
      expect(codec.encode(codec.decode(bytes))).toEqual(bytes);
    }
  });

  test("that ends the stack before the limit is beyond the limit, too", () => {
    const deep = msgpackCodec({ maxDepth: 10 * MILLION });
    const error = failure(nested(["", "91"], MILLION), deep);
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
  const COUNTED = ["c6", "c9", "db", "dd", "df"];
  const COUNTS = ["ff ff ff ff", "80 00 00 00", "7f ff ff ff", "01 ff ff ff", "00 00 00 03"];

  test.each(COUNTED)("with the code %s are refused at once", (code) => {
    for (const count of COUNTS) {
      const started = performance.now();
      const error = failure(hex(`91 ${code} ${count} 01 01`));
      expect(error?.code).toBe("CODEC_TRUNCATED");
      expect(error?.details["offset"]).toBeLessThanOrEqual(8);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });

  test("make no room, however deep they are nested", () => {
    const part = hex("dd 00 00 27 10");
    const bytes = new Uint8Array(5 * 10_000);
    for (let at = 0; at < bytes.length; at += 5) bytes.set(part, at);
    const limited = { limit: "maxDepth" };
    expect(failure(bytes)?.details).toMatchObject(limited);
    const narrow = msgpackCodec({ maxExpansion: MILLION });
    expect(failure(bytes, narrow)?.details).toMatchObject({ limit: "maxExpansion" });
  });
});

describe("bytes that end early", () => {
  test("are CODEC_TRUNCATED wherever they end", async () => {
    for (const bytes of await samples()) {
      for (let end = 0; end < bytes.length; end++) {
        const error = failure(bytes.subarray(0, end));
        expect(error?.code).toBe("CODEC_TRUNCATED");
        expect(error?.details["offset"]).toBeLessThanOrEqual(end);
      }
    }
  });
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
    const small = msgpackCodec({ maxBytes: 10 });
    const details = { limit: "maxBytes", max: 10 };
    expect(small.decode(small.encode("a".repeat(9)))).toBe("a".repeat(9));
    expect(failure(codec.encode("a".repeat(10)), small)?.details).toEqual({
      ...details,
      offset: 0,
    });
    for (const value of [
      "a".repeat(10),
      new Uint8Array(5000),
      Array.from({ length: 11 }, () => 0),
    ]) {
      expect(() => small.encode(value)).toThrow(
        expect.objectContaining({ code: "CODEC_LIMIT", details }),
      );
      expect(small.encode(1)).toEqual(Uint8Array.of(1));
    }
  });
});

describe("the limit maxIntegerBytes", () => {
  test("holds for integers and the digits of decimals and ratios", () => {
    const small = msgpackCodec({ maxIntegerBytes: 10 });
    const [fits, beyond] = [2n ** 79n - 1n, 2n ** 79n];
    const makers = [
      (value: bigint) => bigInteger(value),
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
    ["#{1}", 128 + 16 + 64],
    ["(1)", 128 + 16],
    ["1.0", 128],
    ["#float 1.0", 128],
    ["12N", 128],
    ['#bytes "AAAA"', 128],
    ['#inst "2025"', 128],
    ["symbol", 128],
    ["1/3", 128 + 24 + 5 ** 2],
    ["1.5M", 128 + 24],
    ["#int-array [1 2 3]", 128],
    ["#boolean-array [true false]", 128 + 2 * 8],
    [":keyword", 256],
    ["[:item/id :item/id :item/id]", 128 + 24 + 256 + 2 * 6],
    ["[#tag 1 #tag 2]", 128 + 16 + 2 * (128 + 16) + 128 + 3],
    ['[#record ["T" {}] #record ["T" {}]]', 128 + 16 + 2 * (128 + 16 + 128) + 128 + 1],
    ['#tagged ["msgpack/extension" 99 #bytes ""]', 128 + 128],
    ["{:a 1}", 128 + 16 + 64 + 256],
    ["{[1 2] 3}", 128 + 16 + 64 + 128 + 16 + 3 * 32],
    ["{[:ab :ab] 3}", 128 + 16 + 64 + 128 + 16 + 256 + 2 + (8 + 2) * 32],
    ["#{1.5M}", 128 + 16 + 64 + 128 + 24 + 6 * 32],
    ["{170141183460469231731687303715884105728N 1}", 128 + 16 + 64 + 128 + 20 * 32],
  ])("counts %s as %i", (edn, cost) => {
    const bytes = codec.encode(read(edn));
    const [enough, less] = [cost, cost - 1].map((maxExpansion) => msgpackCodec({ maxExpansion }));
    expect(failure(bytes, enough)).toBeUndefined();
    expect(failure(bytes, less)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  /** Values that cost much more than their bytes. */
  const COSTLY: Readonly<Record<string, string>> = {
    "empty vectors": "90",
    "empty maps": "80",
    "empty lists": "91 c7 00 20",
    "empty bytes": "c4 00",
    floats: "ca 00 00 00 00",
    "small maps": "81 00 00",
    keywords: "d4 01 61",
    "invalid instants": "c7 00 0a",
    "extensions of others": "c7 00 2b",
  };

  test.each(Object.entries(COSTLY))("bounds what %s cost", (_, item) => {
    const part = hex(item);
    const bytes = new Uint8Array(3 + 10_000 * part.length);
    bytes.set(hex("dc 27 10"));
    for (let at = 3; at < bytes.length; at += part.length) bytes.set(part, at);
    const limited = msgpackCodec({ maxExpansion: MILLION });
    expect(failure(bytes, limited)?.details).toMatchObject({ limit: "maxExpansion", max: MILLION });
    expect(failure(bytes)).toBeUndefined();
  });

  test.each([
    ["a long keyword that is mentioned often", "01", "02"],
    ["a long tag that is mentioned often", "26", "27"],
  ])("bounds what %s costs", (_, define, again) => {
    const item = (head: Uint8Array) => (define === "01" ? [...head] : [0x91, ...head]);
    const name = new Uint8Array(MILLION).fill(0x61);
    const first = item(hex(`c9 00 0f 42 40 ${define}`));
    const bytes = Uint8Array.from([
      ...hex("dd 00 00 03 e9"),
      ...first,
      ...name,
      ...Array.from({ length: 1000 }, () => item(hex(`d4 ${again} 00`))).flat(),
    ]);
    expect(failure(bytes)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  test("bounds the time that ratios take", () => {
    const part = [0x93, ...hex("c7 00 23"), ...integer(4000), ...integer(3999)];
    const bytes = Uint8Array.from([
      ...hex("dc 00 64"),
      ...Array.from({ length: 100 }, () => part).flat(),
    ]);
    expect(failure(bytes)?.details).toMatchObject({ limit: "maxExpansion" });
  });

  test("holds for what is written just as for what is read", () => {
    fc.assert(
      fc.property(ednArbitrary(fc), fc.integer({ min: 0, max: 5000 }), (value, maxExpansion) => {
        const limited = msgpackCodec({ maxExpansion });
        const bytes = codec.encode(value);
        const refuses = (attempt: () => unknown) => {
          try {
            attempt();
            return false;
          } catch (error) {
            if (isSyncError(error, "CODEC_LIMIT")) return true;
            throw error;
          }
        };
        expect(refuses(() => limited.encode(value))).toBe(refuses(() => limited.decode(bytes)));
      }),
      { numRuns: cases(50_000), seed },
    );
  });

  test("lets ordinary values of many megabytes through", () => {
    const name = keyword("item/name");
    const value = Array.from(
      { length: 200_000 },
      (_, id) =>
        new EdnMap([
          [keyword("item/id"), id],
          [name, `item ${id}`],
        ]),
    );
    expect(codec.decode(codec.encode(value))).toHaveLength(value.length);
  });

  /** A positive big integer of so many bytes, odd and of no pattern. */
  function integer(length: number): number[] {
    const random = new Random(length);
    const digits = Array.from({ length }, () => random.below(256) | 1);
    return [0xc8, length >> 8, length & 0xff, 0x06, 1, ...digits.slice(1)];
  }
});

async function samples(): Promise<Uint8Array[]> {
  const rows = JSON.parse(await readFixtureText("wire/codec-msgpack.json")) as { edn: string }[];
  const values = rows.map(({ edn }) => read(edn));
  const small = values.map((value) => codec.encode(value)).filter((bytes) => bytes.length < 100);
  return [...small, codec.encode(values.slice(0, 130)), codec.encode(values.slice(130, 195))];
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
