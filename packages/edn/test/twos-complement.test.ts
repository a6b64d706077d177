import { fromTwosComplement, toTwosComplement } from "@datahike-sync/edn";
import { cases, Random } from "@datahike-sync/testing";
import { expect, test } from "vitest";

/** As Java's BigInteger.toByteArray gives them. */
const KNOWN: readonly [value: bigint, bytes: readonly number[]][] = [
  [0n, [0]],
  [1n, [1]],
  [-1n, [0xff]],
  [127n, [0x7f]],
  [128n, [0, 0x80]],
  [-128n, [0x80]],
  [-129n, [0xff, 0x7f]],
  [2n ** 47n - 1n, [0x7f, 255, 255, 255, 255, 255]],
  [2n ** 47n, [0, 0x80, 0, 0, 0, 0, 0]],
  [-(2n ** 47n), [0x80, 0, 0, 0, 0, 0]],
  [-(2n ** 63n), [0x80, 0, 0, 0, 0, 0, 0, 0]],
  [2n ** 64n, [1, 0, 0, 0, 0, 0, 0, 0, 0]],
];

test("integers are the bytes that Java gives them", () => {
  for (const [value, bytes] of KNOWN) {
    expect([...toTwosComplement(value)]).toEqual(bytes);
    expect(fromTwosComplement(Uint8Array.from(bytes))).toBe(value);
  }
});

test("integers of any size come back, from as few bytes as hold them", () => {
  for (let number = 0; number < cases(5000); number++) {
    const random = new Random(number);
    const bits = random.below(400);
    let value = 0n;
    for (let bit = 0; bit < bits; bit += 32) value = (value << 32n) | BigInt(random.below(2 ** 32));
    const signed = BigInt.asIntN(bits + 1, value);
    const bytes = toTwosComplement(signed);
    expect(fromTwosComplement(bytes)).toBe(signed);
    expect(bytes.length > 1 && BigInt.asIntN(8 * (bytes.length - 1), signed) === signed).toBe(
      false,
    );
  }
});

test("more bytes than needed, and none, are integers too", () => {
  expect(fromTwosComplement(Uint8Array.of(0, 0, 5))).toBe(5n);
  expect(fromTwosComplement(new Uint8Array(9).fill(0xff))).toBe(-1n);
  expect(fromTwosComplement(new Uint8Array())).toBe(0n);
});
