import {
  type CodecSuiteOptions,
  codecConformance,
  type TestFunction,
} from "@datahike-sync/conformance/codec";
import { walkerConformance } from "@datahike-sync/conformance/walker";
import type { Edn } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { PlainCodec } from "./plain-codec.ts";
import { PlainStore, PlainWalker, pointer } from "./plain-walker.ts";

/** Fails the case `misuse` and no other. */
class Lenient extends PlainCodec {
  override encode(value: Edn | undefined): Uint8Array {
    return super.encode(value ?? null);
  }
}

describe("a gap", () => {
  test("is a test that passes while its case fails, with the reason in its name", async () => {
    const tests = declared({ codec: new Lenient(), gaps: { misuse: "nil stands for all" } });
    const [name = "", run] = [...tests].find(([key]) => key.startsWith("misuse")) ?? [];
    expect(name).toMatch(/^misuse: .* \(gap: nil stands for all\)$/);
    await expect(run?.()).resolves.toBeUndefined();
  });

  test("that is closed fails until it is taken off the list", async () => {
    const tests = declared({ codec: new PlainCodec(), gaps: { misuse: "nil stands for all" } });
    const [, run] = [...tests].find(([key]) => key.startsWith("misuse")) ?? [];
    await expect(run?.()).rejects.toThrow("the gap misuse is closed: take it off the list");
  });

  test("of a case that is not there is a mistake", () => {
    const gaps = { "mis-use": "nil stands for all" } as object;
    expect(() => declared({ codec: new PlainCodec(), gaps })).toThrow(TypeError);
  });
});

describe("a failure of random cases", () => {
  test("says what was wrong, with what, and how to run it again", async () => {
    class Broken extends PlainCodec {
      override textOf(value: Edn): string {
        return super.textOf(value).replaceAll("true", "false");
      }
    }
    const tests = declared({ codec: new Broken(), seed: 3, runs: 1000 });
    const [, run] = [...tests].find(([key]) => key.startsWith("random-values")) ?? [];
    await expect(run?.()).rejects.toThrow(
      /^the value .*true.* became .*false.* with .*true.* \(seed 3, path "[\d:]+"\)$/,
    );
  });
});

test("a walker's store is disposed of after each case, whatever came of it", async () => {
  let disposed = 0;
  const runs: (() => Promise<void>)[] = [];
  walkerConformance({
    test: (_, run) => runs.push(run),
    open: async () => ({
      // The pointer names a node that is not there.
      store: new PlainStore([[pointer("one", 1, 2).key, pointer("one", 1, 2).value]]),
      walker: new PlainWalker(),
      dispose: async () => void disposed++,
    }),
    runs: 1,
  });
  const outcomes = await Promise.allSettled(runs.map((run) => run()));
  expect(outcomes.some(({ status }) => status === "rejected")).toBe(true);
  expect(disposed).toBe(runs.length);
});

function declared(options: Omit<CodecSuiteOptions, "test">): Map<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  const declare: TestFunction = (name, run) => tests.set(name, run);
  codecConformance({ ...options, test: declare });
  return tests;
}
