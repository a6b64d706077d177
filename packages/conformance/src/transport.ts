/** @packageDocumentation What a transport has to do, as tests: its contract in `@datahike-sync/core`. */
import type { TransportLimits } from "@datahike-sync/core";
import { within } from "./patience.ts";
import {
  type Case,
  type Cases,
  DEFAULT_RUNS,
  DEFAULT_TIMEOUT_MS,
  declareCases,
  type SuiteOptions,
} from "./suite.ts";
import * as ending from "./transport/ending-cases.ts";
import { closeLine, type LineContext, type OpenLine, Side } from "./transport/line.ts";
import * as listener from "./transport/listener-cases.ts";
import * as message from "./transport/message-cases.ts";
import * as pressure from "./transport/pressure-cases.ts";
import { randomTraffic } from "./transport/traffic-case.ts";

export type { SuiteOptions, TestFunction } from "./suite.ts";
export type { OpenLine } from "./transport/line.ts";

/** The cases of this suite. */
export type TransportCase =
  | "fresh-line"
  | "in-order"
  | "both-ways"
  | "all-sizes"
  | "head-and-body"
  | "parts-of-arrays"
  | "own-bytes"
  | "spent-head"
  | "shared-body"
  | "plain-bytes"
  | "waits-for-listener"
  | "never-inside-a-call"
  | "one-listener"
  | "listener-taken-off"
  | "calls-inside-a-listener"
  | "throwing-listener"
  | "sends-wait"
  | "awaiting-is-safe"
  | "bounded-queue"
  | "frame-too-large"
  | "close-flushes"
  | "end-waits-its-turn"
  | "nothing-after-close"
  | "close-inside-a-listener"
  | "close-again"
  | "close-is-told"
  | "code-arrives"
  | "dispose-closes"
  | "send-after-close"
  | "told-once"
  | "told-later"
  | "break-is-told"
  | "waiting-send-ends"
  | "random-traffic";

export interface TransportSuiteOptions extends SuiteOptions<TransportCase> {
  /**
   * Opens a line with these limits, by default those of the transport. Every case takes lines of its
   * own and is run in both directions: once it begins at the first end, once at the second.
   */
  open(limits: Partial<TransportLimits>): Promise<OpenLine>;
}

/** Declares a test for each case of the transport contract. */
export function transportConformance(options: TransportSuiteOptions): void {
  declareCases(CASES, options, async (one) => {
    await runFrom(0, one, options);
    await runFrom(1, one, options);
  });
}

const CASES: Cases<TransportCase, LineContext> = {
  "fresh-line": listener.freshLine,
  "in-order": message.inOrder,
  "both-ways": message.bothWays,
  "all-sizes": message.allSizes,
  "head-and-body": message.headAndBody,
  "parts-of-arrays": message.partsOfArrays,
  "own-bytes": message.ownBytes,
  "spent-head": message.spentHead,
  "shared-body": message.sharedBody,
  "plain-bytes": message.plainBytes,
  "waits-for-listener": listener.waitForListener,
  "never-inside-a-call": listener.neverInside,
  "one-listener": listener.oneListener,
  "listener-taken-off": listener.takenOff,
  "calls-inside-a-listener": listener.callsInside,
  "throwing-listener": listener.throwingListener,
  "sends-wait": pressure.sendsWait,
  "awaiting-is-safe": pressure.awaitingIsSafe,
  "bounded-queue": pressure.boundedQueue,
  "frame-too-large": pressure.largeFrame,
  "close-flushes": ending.closeFlushes,
  "end-waits-its-turn": ending.endWaits,
  "nothing-after-close": ending.nothingAfterClose,
  "close-inside-a-listener": ending.closeInside,
  "close-again": ending.closeAgain,
  "close-is-told": ending.closeIsTold,
  "code-arrives": ending.codeArrives,
  "dispose-closes": ending.closeIsDispose,
  "send-after-close": ending.sendAfterClose,
  "told-once": ending.toldOnce,
  "told-later": ending.toldLater,
  "break-is-told": ending.breakIsTold,
  "waiting-send-ends": ending.waitingSendEnds,
  "random-traffic": randomTraffic,
};

/** Runs a case with the first or the second end as the near one. */
async function runFrom(
  nearEnd: 0 | 1,
  one: Case<LineContext>,
  options: TransportSuiteOptions,
): Promise<void> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, runs = DEFAULT_RUNS, seed } = options;
  const opened: OpenLine[] = [];
  try {
    await one.run({
      open: async (limits = {}) => {
        const line = await within(options.open(limits), timeoutMs, "no line was opened");
        opened.push(line);
        const [near, far] = nearEnd === 0 ? line.ends : line.ends.toReversed();
        if (near === undefined || far === undefined) throw new TypeError("a line has two ends");
        return {
          near: new Side(near, "near end", timeoutMs),
          far: new Side(far, "far end", timeoutMs),
          break: () => line.break(),
        };
      },
      timeoutMs,
      runs,
      seed,
    });
  } catch (error) {
    const end = nearEnd === 0 ? "first" : "second";
    const text = error instanceof Error ? error.message : "no error was thrown";
    throw new Error(`${text} (the near end is the ${end})`, { cause: error });
  } finally {
    await Promise.all(opened.map((line) => closeLine(line, timeoutMs)));
  }
}
