import { TRANSIT_LIMITS, transitCodec } from "@datahike-sync/codec-transit";
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
  print,
  ratio,
  record,
  type SyncError,
  symbol,
  tagged,
  uri,
  uuid,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hex, toHex } from "./hex.ts";

const MILLION = 1_000_000;
const FORMATS = ["json", "msgpack"] as const;
const json = transitCodec({ format: "json" });

test("the limits have documented defaults", () => {
  expect(TRANSIT_LIMITS).toEqual({
    maxDepth: 1000,
    maxBytes: 104_857_600,
    maxDigits: 10_000,
    maxExpansion: 268_435_456,
  });
});

describe("nesting", () => {
  /** What opens one more level. */
  const NESTED: Readonly<Record<string, string | Uint8Array>> = {
    arrays: "[",
    "arrays behind a number": "[1,",
    maps: '["^ ","a",',
    "keys of maps": '["^ ",',
    objects: '{"a":',
    sets: '["~#set",[',
    "maps with any keys": '["~#cmap",[',
    quotes: `["~#'",`,
    "tagged values": '["~#foo",',
    "tagged values in objects": '{"~#foo":',
    "values with metadata": '["~#with-meta",[',
    "arrays in MessagePack": hex("91"),
    "maps in MessagePack": hex("81 00"),
    "keys in MessagePack": hex("81"),
    "tagged values in MessagePack": hex("92 A5 7E 23 66 6F 6F"),
  };

  test.each(Object.entries(NESTED))("of %s a million deep is beyond a limit", (_, level) => {
    const bytes = repeat(level, MILLION);
    const error = failure(bytes, codecOf(level));
    expect(error?.code).toBe("CODEC_LIMIT");
    expect(error?.details).toMatchObject({ limit: "maxDepth", max: 1000 });
    expect(error?.details["offset"]).toBeLessThan(20 * 1000);
  });

  test.each(Object.entries(NESTED))("of %s 400 deep is none too deep", (_, level) => {
    expect(failure(repeat(level, 400), codecOf(level))?.code).toBe("CODEC_TRUNCATED");
  });

  test("is read and written up to the very limit", () => {
    const wraps: ((value: Edn) => Edn)[] = [
      (value) => [value],
      (value) => list(value),
      (value) => tagged("foo", value),
      (value) => tagged("two", value, 1),
      (value) => new EdnMap([[1, value]]),
      (value) => new EdnMap([[value, 1]]),
      (value) => new EdnSet([value]),
      (value) => record("a.B", new EdnMap([[1, value]])),
    ];
    for (const format of FORMATS) {
      const shallow = transitCodec({ format, maxDepth: 30 });
      const open = transitCodec({ format });
      for (const wrap of wraps) {
        let value: Edn = 1;
        let error: unknown;
        for (let depth = 0; depth < 40 && error === undefined; depth++) {
          value = wrap(value);
          error = caught(() => shallow.encode(value));
          // Whatever is written can be read, and whatever is not written cannot.
          const read = failure(open.encode(value), shallow);
          expect(read?.details["limit"]).toBe(error === undefined ? undefined : "maxDepth");
        }
        expect(error).toMatchObject({ details: { limit: "maxDepth", max: 30 } });
      }
    }
  });

  test("that ends the stack before the limit is beyond the limit, too", () => {
    const deep = transitCodec({ format: "json", maxDepth: 10 * MILLION });
    expect(failure(repeat("[", MILLION), deep)?.details).toMatchObject({
      limit: "maxDepth",
      offset: expect.any(Number),
    });
    let value: Edn = 1;
    for (let depth = 0; depth < MILLION; depth++) value = [value];
    expect(() => deep.encode(value)).toThrow(expect.objectContaining({ code: "CODEC_LIMIT" }));
  });
});

describe("maxExpansion", () => {
  test("holds for writing as for reading", () => {
    const names = fc.constantFrom("abcd", "abce", "ab", "").map((name) => keyword(name));
    const values = fc.oneof(
      ednArbitrary(fc, { portable: true, without: ["rawList", "float", "numberArray"] }),
      fc.array(
        fc.oneof(
          names,
          names.map((name) => new EdnMap([[name, [name]]])),
        ),
      ),
    );
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 6000 }), (value, maxExpansion) => {
        for (const format of FORMATS) {
          const small = transitCodec({ format, maxExpansion });
          const written = caught(() => small.encode(value));
          const read = failure(transitCodec({ format }).encode(value), small);
          expect(read?.details["limit"], print(value)).toBe(
            written === undefined ? undefined : "maxExpansion",
          );
        }
      }),
      { numRuns: cases(10_000), seed },
    );
  });

  const SMALL = ["[]", '{"a":1}', '"~_"', '"~ca"', "1.0", '["^ "]', '["~#foo",1]', '"~:a"', '"~b"'];

  test.each(SMALL)("has an end where a value is nothing but %s", (one) => {
    const small = transitCodec({ format: "json", maxExpansion: MILLION });
    const many = (count: number) => utf8(`[${Array(count).fill(one).join(",")}]`);
    const most = one === '"~:a"' ? 120_000 : 100_000;
    expect(failure(many(most), small)?.details).toMatchObject({
      limit: "maxExpansion",
      max: MILLION,
    });
    expect(failure(many(1500), small)).toBeUndefined();
  });

  test("bounds what codes repeat", () => {
    const long = `~:${"a".repeat(1000)}`;
    const text = `["${long}"${',"^0"'.repeat(MILLION)}]`;
    expect(failure(utf8(text))?.details["limit"]).toBe("maxExpansion");
  });

  test("bounds what tells keys apart", () => {
    const inner = `[${"0,".repeat(20_000)}0]`;
    const sets = `${'["~#set",['.repeat(450)}${inner}${"]]".repeat(450)}`;
    expect(failure(utf8(sets))?.details["limit"]).toBe("maxExpansion");
  });

  test("bounds ratios that take long to reduce", () => {
    const big = `"~n${"7".repeat(9000)}"`;
    const ratios = `[${Array(20).fill(`["~#ratio",[${big},${big}]]`).join(",")}]`;
    expect(failure(utf8(ratios))?.details["limit"]).toBe("maxExpansion");
  });
});

describe("maxBytes", () => {
  test("bounds what is read", () => {
    for (const format of FORMATS) {
      const small = transitCodec({ format, maxBytes: 100 });
      expect(failure(new Uint8Array(101), small)?.details).toEqual({
        limit: "maxBytes",
        max: 100,
        offset: 0,
      });
    }
  });

  test("bounds what is written, to the byte", () => {
    // ["~#'","…"], and 92 A3 7E 23 27 DA …
    for (const [format, around] of [
      ["json", 10],
      ["msgpack", 8],
    ] as const) {
      const small = transitCodec({ format, maxBytes: 2000 });
      const most = "x".repeat(2000 - around);
      expect(small.encode(most).length).toBe(2000);
      for (const text of [`${most}x`, "x".repeat(MILLION), "\u0001".repeat(1000)]) {
        if (text.length < 2000 && format === "msgpack" && text !== `${most}x`) continue;
        expect(() => small.encode(text)).toThrow(
          expect.objectContaining({
            code: "CODEC_LIMIT",
            details: { limit: "maxBytes", max: 2000 },
          }),
        );
      }
    }
  });
});

describe("maxDigits", () => {
  const limited = { code: "CODEC_LIMIT", details: { limit: "maxDigits", max: 20 } };

  test("bounds big integers and decimals", () => {
    const most = 10n ** 20n - 1n;
    for (const format of FORMATS) {
      const small = transitCodec({ format, maxDigits: 20 });
      for (const value of [bigInteger(most), decimal(most, 0)]) {
        expect(identity(small.decode(small.encode(value)))).toBe(identity(value));
      }
      for (const value of [bigInteger(10n * most), decimal(most, 2), ratio(10n * most, 7)]) {
        expect(() => small.encode(value)).toThrow(expect.objectContaining(limited));
        const bytes = transitCodec({ format }).encode(value);
        expect(failure(bytes, small)?.details).toMatchObject(limited.details);
      }
    }
  });

  test("bounds every number that is text", () => {
    const small = transitCodec({ format: "json", maxDigits: 20 });
    const digits = "7".repeat(21);
    const texts = [`[${digits}]`, `[0.${digits}]`, `[1e${digits}]`];
    const scalars = ["i", "d", "n", "f", "m"].map((letter) => `["~${letter}${digits}"]`);
    for (const text of [...texts, ...scalars]) {
      expect(failure(utf8(text), small)?.details, text).toMatchObject(limited.details);
    }
  });
});

describe("hostile bytes", () => {
  const a = keyword("some/name");
  const map = new EdnMap([
    [a, 1],
    ["text", [2]],
    ["text", a],
  ]);
  const values: readonly Edn[] = [
    [null, true, 0, -1, 64, 2 ** 20, 2 ** 40, 2n ** 60n, 1.5, Number.NaN, "", "~a", "ÿĀ😀"],
    [a, a, symbol("some/name"), uri("http://a"), uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890")],
    [new Date(1765985185123), new Uint8Array(5), decimal("1.50"), ratio(1, 3), bigInteger(7)],
    [map, map, new EdnMap([[[1], map]]), new EdnSet([1, "two", [3], map]), record("my.Type", map)],
    [list(1, list(2)), tagged("foo", 1), tagged("foo", [2]), tagged("X", "a"), tagged("b", 1, 2)],
  ];

  describe.each(FORMATS)("of %s", (format) => {
    const codec = transitCodec({ format });
    const samples = values.map((value) => codec.encode(value));

    test("give a value that can be written and read again, or a typed error with an offset", () => {
      const unbounded: string[] = [];
      for (let number = 0; number < cases(100_000); number++) {
        const random = new Random(number);
        const bytes = mutate(random.pick(samples), random);
        if (!isBounded(bytes, codec))
          unbounded.push(`case ${number}, SEED=${seed}: ${toHex(bytes)}`);
      }
      expect(unbounded).toEqual([]);
    });

    test("of pieces in any order do the same", () => {
      const pieces = format === "json" ? JSON_PIECES.map(utf8) : MSGPACK_PIECES.map(hex);
      const unbounded: string[] = [];
      for (let number = 0; number < cases(100_000); number++) {
        const random = new Random(number + MILLION);
        const bytes = Uint8Array.from(
          Array.from({ length: 1 + random.below(20) }, () => [...random.pick(pieces)]).flat(),
        );
        if (!isBounded(bytes, codec))
          unbounded.push(`case ${number}, SEED=${seed}: ${toHex(bytes)}`);
      }
      expect(unbounded).toEqual([]);
    });
  });
});

const JSON_PIECES = [
  '"^ "',
  '["^ ",',
  ...'[ [ [ ] ] ] { } , , , : 1 -0 1.0 1e9 null [1, ["~#set",['.split(" "),
  ...'"^0" "^1" "^10" "^" "a" "abcd", "~" "~~" "~c" "~#" "~n7" "~Xa" "~zNaN"'.split(" "),
  ...'"~:abc" "~:tag" "~:value" "~$abc" "__proto__" "\\u00e9"'.split(" "),
  ...`"~#'" "~#m" "~#u" "~#set" "~#cmap" "~#list" "~#ratio" "~#with-meta" "~#foo"`.split(" "),
  ...'"~#incognito" "~#tagged" "~#keyword"'.split(" "),
];

const MSGPACK_PIECES = [
  ..."90,91,92,93,94,80,81,82,00,01,FF,C0,C2,C3,DC0002,DE0001,A0,A161,D90161,DA000161".split(","),
  ..."CB3FF0000000000000,CA3FC00000,CFFFFFFFFFFFFFFFFF,D38000000000000000,C40100".split(","),
  ..."A25E30,A25E20,A37E236D,A37E2375,A37E2327,A57E3A616263,A37E6E37".split(","),
  ..."A57E23736574,A67E23636D6170,A77E23726174696F,A57E23666F6F".split(","),
];

/** Whether bytes do what hostile bytes may do. */
function isBounded(bytes: Uint8Array, codec: typeof json): boolean {
  try {
    const value = codec.decode(bytes);
    return identity(codec.decode(codec.encode(value))) === identity(value);
  } catch (error) {
    if (!isSyncError(error) || !/^CODEC_(TRUNCATED|INVALID|LIMIT)$/.test(error.code)) return false;
    const offset = error.details["offset"];
    return typeof offset === "number" && offset >= 0 && offset <= bytes.length;
  }
}

/** The error of decoding, if there is one. Anything but a `SyncError` is a mistake. */
function failure(bytes: Uint8Array, by = json): SyncError | undefined {
  const error = caught(() => by.decode(bytes));
  if (error === undefined || isSyncError(error)) return error;
  throw new Error("an error that is not typed", { cause: error });
}

function caught(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function codecOf(level: string | Uint8Array): typeof json {
  return transitCodec({ format: typeof level === "string" ? "json" : "msgpack" });
}

function repeat(level: string | Uint8Array, times: number): Uint8Array {
  const one = typeof level === "string" ? utf8(level) : level;
  const bytes = new Uint8Array(one.length * times);
  for (let at = 0; at < bytes.length; at += one.length) bytes.set(one, at);
  return bytes;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
