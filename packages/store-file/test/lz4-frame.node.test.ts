import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { readLz4Frame } from "../src/lz4-frame.ts";
import { xxhash32 } from "../src/xxhash32.ts";

const MIB = 2 ** 20;

/** Frames that the reference tool made of {@link CONTENTS}. */
const FRAMES = [
  [
    "independent blocks without checksums",
    "BCJNGGBAgj8AAAD/IwCePNp4F7VT8Y8uzGoIp0XjgR++XPqYNtVzEa9O7IooxmUDoT/efBq4VvWTMc9tDKpIMgD//3RQz20MqkgAAAAA",
  ],
  [
    "a checksum of the contents",
    "BCJNGGRApz8AAAD/IwCePNp4F7VT8Y8uzGoIp0XjgR++XPqYNtVzEa9O7IooxmUDoT/efBq4VvWTMc9tDKpIMgD//3RQz20MqkgAAAAAhtrc1A==",
  ],
  [
    "checksums of blocks and the length of the contents",
    "BCJNGHxAvAIAAAAAAABgPwAAAP8jAJ482ngXtVPxjy7MaginReOBH75c+pg21XMRr07siijGZQOhP958GrhW9ZMxz20MqkgyAP//dFDPbQyqSKN4pFUAAAAAhtrc1A==",
  ],
  [
    "linked blocks",
    "BCJNGERAXj0AAAD/IwCePNp4F7VT8Y8uzGoIp0XjgR++XPqYNtVzEa9O7IooxmUDoT/efBq4VvWTMc9tDKpIMgC2UJ482ngXCgAAAA/6AOhQU/GPLsw3AAAA/x1qCKdF44Efvlz6mDbVcxGvTuyKKMZlA6E/3nwauFb1kzHPbQyqSACePNp4FywBeFDPbQyqSAAAAACG2tzU",
  ],
  [
    "linked blocks and all checks",
    "BCJNGFxAvAIAAAAAAAD+PQAAAP8jAJ482ngXtVPxjy7MaginReOBH75c+pg21XMRr07siijGZQOhP958GrhW9ZMxz20MqkgyADZQNtVzEa+r8FEGCgAAAA8yAGhQnjzaeBdFpR9lCgAAAA8yAGhQ7IooxmU81TgJCgAAAA8yAGhQU/GPLsyD03PNCgAAAA8yAGhQoT/efBr7DpqCCgAAAA8yACRQz20Mqkjm+3u7AAAAAIba3NQ=",
  ],
] as const;

const CONTENTS = Uint8Array.from({ length: 700 }, (_, i) => Math.imul(i % 50, 2654435761) >>> 24);
const INCOMPRESSIBLE = bytes(
  "04224d186440a7 0e000080 696e636f6d7072657373 69626c65 00000000 067c846d",
);
const EMPTY = bytes("04224d186440a7 00000000 055dcc02");
/** Flags: independent blocks, no checksums. Sizes: 64 KB. */
const HEADER = "04224d18 6040 82";

describe("frames", () => {
  test.each(FRAMES)("with %s are read", (_name, base64) => {
    expect(readLz4Frame(Buffer.from(base64, "base64"), MIB)).toEqual(CONTENTS);
  });

  test("a block that was not worth compressing is copied", () => {
    expect(new TextDecoder().decode(readLz4Frame(INCOMPRESSIBLE, MIB))).toBe("incompressible");
  });

  test("a frame of nothing is read", () => {
    expect(readLz4Frame(EMPTY, MIB)).toEqual(new Uint8Array());
  });

  test("a frame without end mark is read, as konserve wrote them before 2026", () => {
    expect(readLz4Frame(bytes(`${HEADER} 03000080 616263`), MIB)).toEqual(bytes("616263"));
  });

  test("what is read shares no memory with the frame", () => {
    const frame = INCOMPRESSIBLE.slice();
    const contents = readLz4Frame(frame, MIB);
    frame.fill(0);
    expect(new TextDecoder().decode(contents)).toBe("incompressible");
  });

  test("a long match of one byte is repeated", () => {
    const frame = bytes(`${HEADER} 0d000000 1f61 0100 ffff00 50 6263646566 00000000`);
    const contents = readLz4Frame(frame, MIB);
    expect(new TextDecoder().decode(contents)).toBe(`${"a".repeat(1 + 4 + 15 + 255 + 255)}bcdef`);
  });
});

describe("bounds", () => {
  test("contents at the limit are read and one byte more is refused", () => {
    const frame = Buffer.from(FRAMES[0][1], "base64");
    expect(readLz4Frame(frame, 700).length).toBe(700);
    expect(failure(frame, 699)).toMatchObject({
      code: "CODEC_LIMIT",
      details: { limit: "maxValueBytes", max: 699, offset: 11 },
    });
  });

  test("a length that is declared and not there allocates nothing", () => {
    const declared = Buffer.from(FRAMES[2][1], "base64");
    declared.writeBigUInt64LE(2n ** 60n, 6);
    declared[14] = 0x38;
    expect(failure(declared)?.code).toBe("CODEC_INVALID");
  });

  test("a block longer than the frame allows is refused", () => {
    const zeros = 65_537 - 1 - 4 - 15 - 5;
    const run = `${"ff".repeat(Math.floor(zeros / 255))}${(zeros % 255).toString(16).padStart(2, "0")}`;
    const block = `1f 00 0100 ${run} 50 0000000000`;
    const size = (block.replaceAll(" ", "").length / 2).toString(16).padStart(4, "0");
    const frame = bytes(`${HEADER} ${size.slice(2)}${size.slice(0, 2)}0000 ${block} 00000000`);
    expect(failure(frame)).toMatchObject({ code: "CODEC_INVALID", details: { offset: 11 } });
  });

  test("a million empty blocks cost no memory", () => {
    const header = bytes(HEADER);
    const frame = new Uint8Array(header.length + 4_000_000);
    frame.set(header);
    for (let at = header.length + 3; at < frame.length; at += 4) frame[at] = 0x80;
    expect(readLz4Frame(frame, 0)).toEqual(new Uint8Array());
  });
});

describe("damage", () => {
  test.each([
    ["another magic number", "05224d18 6040 82 00000000", "CODEC_INVALID", 0],
    ["another version", "04224d18 a040 82 00000000", "CODEC_INVALID", 4],
    ["a reserved flag", "04224d18 6240 82 00000000", "CODEC_INVALID", 4],
    ["a reserved size", "04224d18 6030 82 00000000", "CODEC_INVALID", 4],
    ["a dictionary", "04224d18 6140 00000000 82 00000000", "CODEC_UNSUPPORTED", 6],
    ["another checksum of the header", "04224d18 6040 83 00000000", "CODEC_INVALID", 6],
    ["bytes after the frame", `${HEADER} 00000000 00`, "CODEC_INVALID", 11],
    [
      "a match before the contents",
      `${HEADER} 09000000 10 61 0200 4061616161`,
      "CODEC_INVALID",
      13,
    ],
    ["a match of distance 0", `${HEADER} 09000000 10 61 0000 4061616161`, "CODEC_INVALID", 13],
    ["a block that ends with a match", `${HEADER} 04000000 10 61 0100`, "CODEC_TRUNCATED", 15],
    ["literals beyond the block", `${HEADER} 02000000 20 61`, "CODEC_TRUNCATED", 13],
    ["a block beyond the bytes", `${HEADER} 05000000 20 61`, "CODEC_TRUNCATED", 13],
  ])("%s is refused", (_name, hex, code, offset) => {
    expect(failure(bytes(hex))).toMatchObject({ code, details: { offset } });
  });

  test("a match never reaches an independent block before its own", () => {
    const literals = "05000080 6162636465";
    expect(failure(bytes(`${HEADER} ${literals} 05000000 00 0100 10 61 00000000`))?.code).toBe(
      "CODEC_INVALID",
    );
  });

  test("a checked frame never passes with a changed byte", () => {
    const frame = Buffer.from(FRAMES[4][1], "base64");
    for (let at = 0; at < frame.length; at++) {
      const changed = Uint8Array.from(frame);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      expect(failure(changed)?.code, `byte ${at}`).toMatch(/^CODEC_/);
    }
  });

  test("a frame cut anywhere but between blocks is refused", () => {
    const frame = Uint8Array.from(Buffer.from(FRAMES[1][1], "base64"));
    const codes = Array.from(frame, (_, length) => failure(frame.subarray(0, length))?.code);
    const whole = codes.flatMap((code, length) => (code === undefined ? [length] : []));
    expect(new Set(codes)).toEqual(new Set(["CODEC_TRUNCATED", undefined]));
    // After the header, and after the only block: the end mark may be missing.
    expect(whole).toEqual([7, 74]);
  });

  test("random damage gives contents within the limit or a typed error", () => {
    const frames = [...FRAMES.map(([, base64]) => Buffer.from(base64, "base64")), INCOMPRESSIBLE];
    for (let number = 0; number < cases(20_000); number++) {
      const random = new Random(number);
      const mutant = mutate(random.pick(frames), random);
      repair(mutant);
      const note = `seed ${seed}, case ${number}`;
      const limit = random.pick([100, 700, MIB]);
      const error = failure(mutant, limit);
      expect(error === undefined ? "CODEC_" : error.code, note).toMatch(/^CODEC_/);
      expect(error?.details["offset"] ?? 0, note).toBeLessThanOrEqual(mutant.length);
    }
  });
});

/** Makes the header's checksum right again, so that damage reaches what is behind it. */
function repair(frame: Uint8Array): void {
  const end = (frame[4] ?? 0) & 0x08 ? 14 : 6;
  if (frame.length > end) frame[end] = (xxhash32(frame.subarray(4, end)) >>> 8) & 0xff;
}

/** What reading throws, if anything; contents beyond the limit count as a failure without code. */
function failure(frame: Uint8Array, limit = MIB): CodecError | undefined {
  try {
    const contents = readLz4Frame(frame, limit);
    if (contents.length > limit) throw new Error("longer than the limit");
    return undefined;
  } catch (error) {
    return error as CodecError;
  }
}

interface CodecError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, number>>;
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}
