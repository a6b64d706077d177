import { cases, Random } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { compressBlock } from "../src/lz4-block.ts";
import { readLz4Frame, writeLz4Frame } from "../src/lz4-frame.ts";

describe("LZ4 as it is written", () => {
  test("expands to what it was made of, whatever repeats in it and however far apart", () => {
    for (let number = 0; number < cases(3_000); number++) {
      const bytes = repetitive(new Random(number), 1 + (number % 3) * 40_000);
      expect(readLz4Frame(writeLz4Frame(bytes), bytes.length), `case ${number}`).toEqual(bytes);
    }
  });

  test("expands to what it was made of at every short length, and around a block", () => {
    for (let length = 0; length < 100; length++) {
      for (const byte of [0, undefined]) {
        const bytes = Uint8Array.from({ length }, (_, i) => byte ?? i * 7);
        expect(readLz4Frame(writeLz4Frame(bytes), length), `${length}`).toEqual(bytes);
      }
    }
    for (const length of [4 * 2 ** 20 - 1, 4 * 2 ** 20, 4 * 2 ** 20 + 1, 9 * 2 ** 20]) {
      const bytes = new Uint8Array(length).map((_, i) => (i >> 3) % 251);
      const frame = writeLz4Frame(bytes);
      expect(frame.length).toBeLessThan(length / 4);
      expect(Buffer.compare(readLz4Frame(frame, length), bytes)).toBe(0);
    }
  });

  test("is never longer than what it was made of, but for the frame", () => {
    const random = new Random(1);
    for (const length of [1, 100, 5_000, 70_000]) {
      const noise = Uint8Array.from({ length }, () => random.below(256));
      expect(compressBlock(noise)).toBeUndefined();
      expect(writeLz4Frame(noise).length).toBe(length + 15);
    }
  });

  test("takes time in proportion to the bytes, whatever they are", () => {
    const worst = new Uint8Array(4 * 2 ** 20).map((_, i) => (i % 65_521) & 1);
    const began = performance.now();
    compressBlock(worst);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

/** Bytes of which parts come again. */
function repetitive(random: Random, mostBytes: number): Uint8Array {
  const bytes: number[] = [];
  while (bytes.length < mostBytes && random.below(40) > 0) {
    const length = random.below(random.pick([4, 20, 300]));
    const from = random.below(bytes.length + 1);
    const isAgain = random.below(2) === 0;
    for (let i = 0; i < length; i++) {
      bytes.push(isAgain ? (bytes[from + i] ?? 7) : random.below(random.pick([2, 256])));
    }
  }
  return Uint8Array.from(bytes);
}
