/** @packageDocumentation What a walker has to do, as tests: its contract in `@datahike-sync/core`. */
import { type Cases, DEFAULT_RUNS, declareCases, type SuiteOptions } from "./suite.ts";
import * as diff from "./walker/diff-cases.ts";
import * as select from "./walker/select-cases.ts";
import * as token from "./walker/token-cases.ts";
import * as walk from "./walker/walk-cases.ts";
import { WalkerContext, type WalkerSubject } from "./walker/walks.ts";

export type { SuiteOptions, TestFunction } from "./suite.ts";
export type { WalkerSubject } from "./walker/walks.ts";

/** The cases of this suite. */
export type WalkerCase =
  | "everything-reached"
  | "each-once"
  | "pointers-last"
  | "pointers-read-once"
  | "same-order"
  | "no-pointers"
  | "pointers-named"
  | "classes-agree"
  | "missing-nodes"
  | "aborted-walk"
  | "progress"
  | "differences"
  | "removed-on-request"
  | "same-state"
  | "recycled-states"
  | "select-nothing"
  | "select-less"
  | "unknown-options"
  | "tokens-resolve"
  | "tokens-differ"
  | "forged-tokens"
  | "foreign-values";

export interface WalkerSuiteOptions extends Omit<SuiteOptions<WalkerCase>, "timeoutMs"> {
  /** Opens the store that each case walks. */
  open(): Promise<WalkerSubject>;
}

/** Declares a test for each case of the walker contract. */
export function walkerConformance(options: WalkerSuiteOptions): void {
  const { runs: numRuns = DEFAULT_RUNS, seed } = options;
  const parameters = seed === undefined ? { numRuns } : { numRuns, seed };
  declareCases(CASES, options, async (one) => {
    const subject = await options.open();
    try {
      await one.run(new WalkerContext(subject, parameters));
    } finally {
      await subject.dispose?.();
    }
  });
}

const CASES: Cases<WalkerCase, WalkerContext> = {
  "everything-reached": walk.everythingReached,
  "each-once": walk.eachOnce,
  "pointers-last": walk.pointersLast,
  "pointers-read-once": walk.pointersReadOnce,
  "same-order": walk.sameOrder,
  "no-pointers": walk.noPointers,
  "pointers-named": select.pointersNamed,
  "classes-agree": walk.classesAgree,
  "missing-nodes": walk.missingNodes,
  "aborted-walk": walk.abortedWalk,
  progress: walk.progress,
  differences: diff.differences,
  "removed-on-request": diff.removedOnRequest,
  "same-state": diff.sameState,
  "recycled-states": diff.recycledStates,
  "select-nothing": select.selectNothing,
  "select-less": select.selectLess,
  "unknown-options": select.unknownOptions,
  "tokens-resolve": token.tokensResolve,
  "tokens-differ": token.tokensDiffer,
  "forged-tokens": token.forgedTokens,
  "foreign-values": token.foreignValues,
};
