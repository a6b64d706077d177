/** Controls of a suite: what keeps the contract passes, and what breaks a rule fails that rule's case. */
import type { TestFunction } from "@datahike-sync/conformance/transport";
import { expect, test } from "vitest";

/** Something that breaks one rule. */
export interface Mutant<K extends string, M> {
  readonly name: string;
  /** The case that must fail. */
  readonly fails: K;
  /** What its failure must say, so that it does not fail for another reason. */
  readonly because: RegExp;
  readonly subject: M;
}

/**
 * Declares that the sound subject passes every case, and that each mutant fails its own.
 *
 * @param caughtElsewhere The cases that need another subject to be failed.
 */
export function controls<K extends string, M>(
  declare: (test: TestFunction, subject: M) => void,
  sound: M,
  mutants: readonly Mutant<K, M>[],
  caughtElsewhere: readonly K[] | "all others" = [],
): void {
  const names = [...casesOf(declare, sound).keys()];

  test.each(names)("what keeps the contract passes %s", async (name) => {
    await expect(casesOf(declare, sound).get(name)?.()).resolves.toBeUndefined();
  });

  test.each(mutants)("$fails fails for what $name", async ({ fails, because, subject }) => {
    const cases = casesOf(declare, subject);
    const run = cases.get(fails);
    expect([...cases.keys()]).toContain(fails);
    await expect(run?.()).rejects.toThrow(because);
  });

  if (caughtElsewhere === "all others") return;
  test("every case catches something", () => {
    const caught = new Set<string>([...mutants.map(({ fails }) => fails), ...caughtElsewhere]);
    expect(names.filter((name) => !caught.has(name))).toEqual([]);
  });
}

/** The cases of a suite by their keys, not yet run. */
function casesOf<M>(
  declare: (test: TestFunction, subject: M) => void,
  subject: M,
): Map<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>();
  declare((name, run) => cases.set(name.slice(0, name.indexOf(":")), run), subject);
  return cases;
}
