import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { decompress } from "../src/compression.ts";

const MIB = 2 ** 20;
const LZ4 = 1;
const ZSTD = 2;

/** What the reference tool made of "hello". */
const ZSTD_HELLO = Buffer.from("28b52ffd0458290000 68656c6c6f a36d9f88".replaceAll(" ", ""), "hex");
const LZ4_HELLO = Buffer.from(
  "04224d18604082 05000080 68656c6c6f 00000000".replaceAll(" ", ""),
  "hex",
);

describe("compressors", () => {
  test("none gives the bytes as they are", () => {
    expect(decompress(0, Uint8Array.of(1, 2), MIB)).toEqual(Uint8Array.of(1, 2));
  });

  test("LZ4 frames are read", () => {
    expect(new TextDecoder().decode(decompress(LZ4, LZ4_HELLO, MIB))).toBe("hello");
  });

  test("zstd is read where Node can, and elsewhere a typed error", () => {
    const able = "zstdDecompressSync" in zlib;
    expect(outcome(ZSTD_HELLO, MIB)).toBe(able ? "hello" : "CODEC_UNSUPPORTED");
    expect(outcome(ZSTD_HELLO, 4)).toBe(able ? "CODEC_LIMIT" : "CODEC_UNSUPPORTED");
    expect(outcome(LZ4_HELLO, MIB)).toBe(able ? "CODEC_INVALID" : "CODEC_UNSUPPORTED");
  });

  test("one that is not known is told", () => {
    expect(() => decompress(3, Uint8Array.of(), MIB)).toThrow(
      expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { compressor: 3 } }),
    );
  });
});

function outcome(bytes: Uint8Array, limit: number): string {
  try {
    return new TextDecoder().decode(decompress(ZSTD, bytes, limit));
  } catch (error) {
    return (error as { code: string }).code;
  }
}
