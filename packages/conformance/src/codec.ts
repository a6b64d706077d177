/** @packageDocumentation What a codec has to do, as tests: its contract in `@datahike-sync/core`. */
import type { Codec } from "@datahike-sync/core";
import type { Kind } from "@datahike-sync/edn";
import * as hostile from "./codec/hostile-cases.ts";
import * as memory from "./codec/memory-cases.ts";
import * as value from "./codec/value-cases.ts";
import type { CodecContext } from "./codec/value-checks.ts";
import {
  type Cases,
  DEFAULT_RUNS,
  DEFAULT_TIMEOUT_MS,
  declareCases,
  type SuiteOptions,
} from "./suite.ts";

export type { SuiteOptions, TestFunction } from "./suite.ts";

/** The cases of this suite. */
export type CodecCase =
  | "introduction"
  | "every-kind"
  | "random-values"
  | "lossy-kinds"
  | "extensions"
  | "same-bytes-again"
  | "unknown-tags"
  | "prototype-keys"
  | "deep-values"
  | "misuse"
  | "own-bytes"
  | "value-unchanged"
  | "input-unchanged"
  | "fresh-values"
  | "frozen-values"
  | "parts-of-arrays"
  | "truncation"
  | "trailing-bytes"
  | "mutations"
  | "noise"
  | "huge-counts"
  | "huge-depth";

export interface CodecSuiteOptions extends SuiteOptions<CodecCase> {
  /** The codec, without readers of tags. */
  readonly codec: Codec;
  /**
   * What each kind comes back as that `codec.lossy` lists. Extensions are not to be told: they come
   * back as their EDN form. Default none.
   */
  readonly comesBackAs?: Readonly<Partial<Record<Kind, Kind>>> | undefined;
  /**
   * Kinds of which the format has no form for some values, or for any: these may be refused, with
   * `CODEC_UNSUPPORTED` and the kind in `details.kind`. Default none.
   */
  readonly refuses?: readonly Kind[] | undefined;
  /** Whether `-0.0` comes back as `0.0`, which is equal to it, as the JVM's Fressian has it. Default false. */
  readonly mergesZeros?: boolean | undefined;
}

/** Declares a test for each case of the codec contract. */
export function codecConformance(options: CodecSuiteOptions): void {
  const { codec, comesBackAs = {}, refuses = [], seed } = options;
  const numRuns = options.runs ?? DEFAULT_RUNS;
  const context: CodecContext = {
    codec,
    comesBackAs,
    refuses,
    mergesZeros: options.mergesZeros ?? false,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    parameters: seed === undefined ? { numRuns } : { numRuns, seed },
  };
  declareCases(CASES, options, (one) => one.run(context));
}

const CASES: Cases<CodecCase, CodecContext> = {
  introduction: value.introduction,
  "every-kind": value.everyKind,
  "random-values": value.randomValues,
  "lossy-kinds": value.lossyKinds,
  extensions: value.extensions,
  "same-bytes-again": value.sameBytesAgain,
  "unknown-tags": value.unknownTags,
  "prototype-keys": value.prototypeKeys,
  "deep-values": value.deepValues,
  misuse: value.misuse,
  "own-bytes": memory.ownBytes,
  "value-unchanged": memory.valueUnchanged,
  "input-unchanged": memory.inputUnchanged,
  "fresh-values": memory.freshValues,
  "frozen-values": memory.frozenValues,
  "parts-of-arrays": memory.partsOfArrays,
  truncation: hostile.truncation,
  "trailing-bytes": hostile.trailingBytes,
  mutations: hostile.mutations,
  noise: hostile.noise,
  "huge-counts": hostile.hugeCounts,
  "huge-depth": hostile.hugeDepth,
};
