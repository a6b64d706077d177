/** What all suites share: how a case becomes a test of whatever runner there is. */

/** Declares a test: that of vitest, of `node:test`, or any that takes a name and a function. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/** What every suite takes. */
export interface SuiteOptions<K extends string> {
  readonly test: TestFunction;
  /**
   * Cases that are known to fail, each with the reason. They are run like all others, and fail when
   * they pass: then the gap is closed and its entry is to be deleted. Default none.
   */
  readonly gaps?: Readonly<Partial<Record<K, string>>> | undefined;
  /** How long anything may take that has to happen, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Where random cases begin. Default: another one each time; a failure tells it. */
  readonly seed?: number | undefined;
  /** How many random cases each of the cases with such takes. Default 100. */
  readonly runs?: number | undefined;
}

/** A case of a suite: what it says, and the check of it, which throws where it is not so. */
export interface Case<C> {
  readonly says: string;
  run(context: C): Promise<void>;
}

/** Cases by their keys. Keys are stable: they are quoted, and gaps name them. */
export type Cases<K extends string, C> = Readonly<Record<K, Case<C>>>;

export const DEFAULT_TIMEOUT_MS = 5_000;
export const DEFAULT_RUNS = 100;

/**
 * Declares each case as a test named `key: what it says`. `run` makes the case's context and runs it.
 *
 * @throws {TypeError} when a gap names no case.
 */
export function declareCases<K extends string, C>(
  cases: Cases<K, C>,
  { test, gaps }: SuiteOptions<K>,
  run: (one: Case<C>) => Promise<void>,
): void {
  for (const key of Object.keys(gaps ?? {})) {
    if (!Object.hasOwn(cases, key)) throw new TypeError(`there is no case ${key}`);
  }
  for (const [key, one] of Object.entries<Case<C>>(cases)) {
    const reason = gaps?.[key as K];
    const name = `${key}: ${one.says}`;
    if (reason === undefined) test(name, () => run(one));
    else test(`${name} (gap: ${reason})`, () => expectFailure(key, () => run(one)));
  }
}

async function expectFailure(key: string, run: () => Promise<void>): Promise<void> {
  const error: unknown = await run().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new Error(`the gap ${key} is closed: take it off the list`);
}
