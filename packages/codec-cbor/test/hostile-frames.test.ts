/** Frames of the real stack, damaged, and bytes that someone made up who knows the format. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import { type Edn, identity, isSyncError, print } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { toHex } from "./hex.ts";

const codec = cborCodec();

const payloads: Uint8Array[] = [];
for (const name of ["cbor", "cbor-datahike-values"]) {
  const rows = JSON.parse(await readFixtureText(`frames/${name}.json`)) as { base64: string }[];
  for (const { base64 } of rows) {
    payloads.push(Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0)).subarray(4));
  }
}

/** Most of them: what a few bytes do to many others is soon known. */
const short = payloads.filter(({ length }) => length < 1000);

const READ_ERRORS = ["CODEC_TRUNCATED", "CODEC_INVALID", "CODEC_LIMIT"];
const WRITE_ERRORS = ["CODEC_UNSUPPORTED", "CODEC_LIMIT"];

/** The longest that few bytes may take to be read, told apart, printed and written, in milliseconds. */
const LONGEST_MS = 2_000;

describe("bytes of others give a value that is written in one way, or an error that says where", () => {
  test(`${cases(200_000)} frames that were damaged (seed ${seed})`, () => {
    let slowest = 0;
    for (let at = 0; at < cases(200_000); at++) {
      const random = new Random(at);
      const bytes = mutate(random.pick(random.below(50) > 0 ? short : payloads), random, 6);
      slowest = Math.max(slowest, take(bytes, `damage ${at}`));
    }
    expect(slowest).toBeLessThan(LONGEST_MS);
  });

  test(`${cases(200_000)} inventions (seed ${seed})`, () => {
    let slowest = 0;
    for (let at = 0; at < cases(200_000); at++) {
      const random = new Random(at + 1_000_000);
      const bytes: number[] = [];
      invent(random, bytes, 6);
      slowest = Math.max(slowest, take(Uint8Array.from(bytes), `invention ${at}`));
    }
    expect(slowest).toBeLessThan(LONGEST_MS);
  });
});

/** How long it took, in milliseconds. Throws when it went another way. */
function take(bytes: Uint8Array, which: string): number {
  const began = performance.now();
  const what = () => `${which} of seed ${seed}: ${toHex(bytes)}`;
  const value = read(bytes, what);
  if (value !== undefined) {
    identity(value);
    print(value);
    check(value, what);
  }
  return performance.now() - began;
}

function read(bytes: Uint8Array, what: () => string): Edn | undefined {
  try {
    return codec.decode(bytes);
  } catch (error) {
    if (!isSyncError(error) || !READ_ERRORS.includes(error.code)) {
      throw new Error(what(), { cause: error });
    }
    const { offset, limit, max } = error.details;
    const isInside = typeof offset === "number" && offset >= 0 && offset <= bytes.length;
    const isNamed = error.code !== "CODEC_LIMIT" || (limit !== undefined && max !== undefined);
    if (!isInside || !isNamed) throw new Error(`${error.code} in ${what()}`, { cause: error });
    return undefined;
  }
}

function check(value: Edn, what: () => string): void {
  let written: Uint8Array;
  try {
    written = codec.encode(value);
  } catch (error) {
    if (isSyncError(error) && WRITE_ERRORS.includes(error.code)) return;
    throw new Error(what(), { cause: error });
  }
  const again = codec.decode(written);
  if (identity(again) !== identity(value)) throw new Error(`another value: ${what()}`);
  if (toHex(codec.encode(again)) !== toHex(written)) throw new Error(`other bytes: ${what()}`);
}

/** Tags that mean something, or are next to one that does. */
const TAGS = [0, 1, 2, 3, 4, 5, 24, 25, 27, 30, 32, 35, 37, 39, 64, 67, 72, 76, 80, 83, 86, 87];
const LONG_TAGS = [256, 257, 258, 259, 1002, 1004, 0xffff];
const NAMES = [
  "clojure/char",
  "clojure/sorted-map",
  "clojure/sorted-set",
  "clojure/queue",
  "clojure/with-meta",
  "java/boolean-array",
  "java/object-array",
  "cbor/tag",
  "cbor/simple",
  "boring/index",
  "datahike.datom/Datom",
  "datahike.datom.Datom",
  "__proto__",
  "constructor",
  ":a",
  ":",
  "/",
  "a/",
  "",
];

/** Appends an item, most often a whole one, whose parts may be of any kind. */
function invent(random: Random, bytes: number[], depth: number): void {
  const inner = () => invent(random, bytes, depth - 1);
  const kind = random.below(depth > 0 ? 20 : 9);
  switch (kind) {
    case 0:
    case 1:
      return integer(random, bytes, random.pick([0x00, 0x20]));
    case 2:
    case 3:
      return string(random, bytes, kind === 2 ? 0x40 : 0x60);
    case 4:
      return text(bytes, random.pick(NAMES));
    case 5:
      return push(bytes, [random.pick([0xf4, 0xf5, 0xf6, 0xf7, 0xe0, 0xf3])]);
    case 6:
      return float(random, bytes);
    case 7:
      return push(bytes, [random.below(256)]);
    case 8:
      return push(bytes, [0xd8, 25, random.below(28)]);
    case 9:
    case 10:
    case 11: {
      const major = random.pick([0x80, 0xa0]);
      const count = random.below(4);
      const isOpen = random.below(3) === 0;
      bytes.push(isOpen ? major | 0x1f : major | count);
      const items = major === 0xa0 ? 2 * count : count;
      for (let i = 0; i < items; i++) inner();
      if (isOpen && random.below(8) > 0) bytes.push(0xff);
      return;
    }
    case 12:
      return push(bytes, [random.pick([0x9a, 0xba, 0x5a, 0x7a, 0xdb]), 0xff, 0xff, 0xff, 0xff]);
    case 13:
      push(bytes, [0xd8, 27, random.pick([0x82, 0x9f])]);
      text(bytes, random.pick(NAMES));
      return inner();
    case 14:
      push(bytes, [0xd9, 1, 0]);
      return inner();
    case 15: {
      const tag = random.pick(LONG_TAGS);
      push(bytes, [0xd9, tag >> 8, tag & 0xff]);
      return inner();
    }
    default: {
      push(bytes, [0xd8, random.pick(TAGS)]);
      return random.below(4) === 0 ? string(random, bytes, 0x40) : inner();
    }
  }
}

function integer(random: Random, bytes: number[], major: number): void {
  const size = random.below(5);
  if (size === 0) return push(bytes, [major | random.below(24)]);
  bytes.push(major | (23 + size));
  for (let i = 0; i < 2 ** (size - 1); i++) bytes.push(random.pick([0, 1, 0x7f, 0x80, 0xff]));
}

function float(random: Random, bytes: number[]): void {
  const size = random.below(3);
  bytes.push(0xf9 + size);
  for (let i = 0; i < 2 ** (size + 1); i++) {
    bytes.push(random.pick([0, 0x3c, 0x43, 0x7c, 0x7f, 0x80, 0xf0, 0xff]));
  }
}

/** Bytes or text, in one piece or several. */
function string(random: Random, bytes: number[], major: number): void {
  if (random.below(4) > 0) return piece(random, bytes, major);
  bytes.push(major | 0x1f);
  for (let count = random.below(4); count > 0; count--) piece(random, bytes, major);
  if (random.below(8) > 0) bytes.push(0xff);
}

function piece(random: Random, bytes: number[], major: number): void {
  const length = random.pick([0, 1, 2, 3, 4, 8, 16, 17]);
  bytes.push(major | length);
  for (let i = 0; i < length; i++) bytes.push(random.pick([0x2e, 0x30, 0x3a, 0x61, 0x80, 0xc3]));
}

function text(bytes: number[], name: string): void {
  push(bytes, [0x60 | name.length, ...Array.from(name, (unit) => unit.charCodeAt(0))]);
}

function push(bytes: number[], more: readonly number[]): void {
  bytes.push(...more);
}
