import { describe, expect, test } from "vitest";
import { identityHash } from "../src/identity-hash.ts";
import { type CheckedOp, StepChecksum } from "../src/step-checksum.ts";

type Counted = readonly [op: CheckedOp, id: string, lastWrite: number, bytes: number];

function sumOf(...counted: Counted[]): bigint {
  const checksum = new StepChecksum();
  for (const one of counted) checksum.add(...one);
  expect(checksum.count).toBe(counted.length);
  return checksum.fingerprint;
}

describe("a step's checksum", () => {
  test("does not depend on the order", () => {
    const some: Counted[] = [
      ["node", ":a", 1, 2],
      ["cell", ":b", 2, 0],
      ["offer", ":c", 0, 0],
    ];
    expect(sumOf(...some)).toBe(sumOf(...some.toReversed()));
  });

  test("is another where anything of an operation is", () => {
    const variants: Counted[] = [
      ["node", ":a", 1, 2],
      ["cell", ":a", 1, 2],
      ["pointer", ":a", 1, 2],
      ["deleteNode", ":a", 1, 2],
      ["delete", ":a", 1, 2],
      ["offer", ":a", 1, 2],
      ["node", ":b", 1, 2],
      ["node", "a:", 1, 2],
      ["node", ":a\0", 1, 2],
      ["node", ":a", 2, 1],
      ["node", ":a", -1, 2],
      ["node", ":a", 1 + 2 ** 32, 2],
      ["node", ":a", 1 - 2 ** 32, 2],
      ["node", ":a", 1, 3],
      ["node", ":a", 0, 0],
    ];
    expect(new Set(variants.map((one) => sumOf(one))).size).toBe(variants.length);
    // What comes twice counts twice.
    expect(sumOf(["node", ":a", 1, 2], ["node", ":a", 1, 2])).not.toBe(sumOf(["node", ":a", 1, 2]));
  });

  test("adds up beyond 64 bits and stays within them", () => {
    const checksum = new StepChecksum();
    let sum = 0n;
    for (let i = 0; i < 200; i++) {
      sum += sumOf(["cell", `s${i}`, i, i]);
      checksum.add("cell", `s${i}`, i, i);
    }
    expect(sum >= 2n ** 64n).toBe(true);
    expect(checksum.fingerprint).toBe(BigInt.asUintN(64, sum));
  });

  test("takes a time as the wire carries it", () => {
    const latest = sumOf(["cell", "s", 2 ** 48, 1]);
    expect(sumOf(["cell", "s", Number.MAX_SAFE_INTEGER, 1])).toBe(latest);
    expect(sumOf(["cell", "s", 2 ** 48 - 1, 1])).not.toBe(latest);
  });

  test("is the same in every version, for both ends may be of different ones", () => {
    expect(sumOf(["node", "u1ebf788e-dd20-5274-9050-b5d76d77a9ab", 1_700_000_000_000, 1024])).toBe(
      FINGERPRINT,
    );
  });

  test("is forgotten at a reset", () => {
    const checksum = new StepChecksum();
    checksum.add("cell", "s", 1, 1);
    checksum.reset();
    expect([checksum.count, checksum.fingerprint]).toEqual([0, 0n]);
  });
});

test("hashes of identities have 52 bits, which are all in use, and no two of many keys share one", () => {
  const hashes = new Set<number>();
  let any = 0n;
  let all = 2n ** 52n - 1n;
  for (let i = 0; i < 100_000; i++) {
    const hash = identityHash(`i${i}`);
    hashes.add(hash);
    any |= BigInt(hash);
    all &= BigInt(hash);
  }
  expect(hashes.size).toBe(100_000);
  expect([any, all]).toEqual([2n ** 52n - 1n, 0n]);
});

const FINGERPRINT = 115_262_776_565_244_048n;
