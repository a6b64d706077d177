/** @packageDocumentation What a dialect has to do, as tests: its contract in `@datahike-sync/core`. */
import {
  type Codec,
  type Dialect,
  type LineOptions,
  MESSAGES,
  type MessageType,
  type Role,
  TRANSPORT_LIMITS,
  type Transport,
} from "@datahike-sync/core";
import * as agreement from "./dialect/agreement-cases.ts";
import type { DialectContext, SideOptions, Sides } from "./dialect/context.ts";
import { randomConversation } from "./dialect/conversation-case.ts";
import * as damage from "./dialect/damage-cases.ts";
import * as ending from "./dialect/ending-cases.ts";
import * as intruder from "./dialect/intruder-cases.ts";
import * as message from "./dialect/message-cases.ts";
import { examplesOf } from "./dialect/messages.ts";
import { Speaker } from "./dialect/speaker.ts";
import { within } from "./patience.ts";
import {
  type Case,
  type Cases,
  DEFAULT_RUNS,
  DEFAULT_TIMEOUT_MS,
  declareCases,
  type SuiteOptions,
} from "./suite.ts";
import { closeLine, type OpenLine } from "./transport/line.ts";

export type { SuiteOptions, TestFunction } from "./suite.ts";
export type { OpenLine } from "./transport/line.ts";

/** The cases of this suite. */
export type DialectCase =
  | "fresh-line"
  | "told-first"
  | "agreement"
  | "unknown-codec"
  | "every-message"
  | "both-ways"
  | "shared-body"
  | "refused-by-codec"
  | "frame-too-large"
  | "close-flushes"
  | "close-is-told"
  | "code-arrives"
  | "listener-error"
  | "listener-fault"
  | "close-inside-a-listener"
  | "nothing-after-close"
  | "send-after-end"
  | "break-is-told"
  | "message-before-hello"
  | "second-hello"
  | "wrong-role"
  | "frame-beyond-limit"
  | "truncation"
  | "huge-counts"
  | "mutations"
  | "noise"
  | "damaged-hello"
  | "other-lines"
  | "random-conversation";

export interface DialectSuiteOptions extends SuiteOptions<DialectCase> {
  readonly dialect: Dialect;
  /** What is said is of the kinds that it gives back as they were. */
  readonly codec: Codec;
  /**
   * Opens a line: the first end is that of the replica, who dialled, and the second the primary's.
   * Every case takes lines of its own and is run from both sides.
   */
  open(): Promise<OpenLine>;
  /** The types of messages that the dialect has a spelling for. Default: all. */
  readonly carries?: readonly MessageType[] | undefined;
}

/** Declares a test for each case of the dialect contract. */
export function dialectConformance(options: DialectSuiteOptions): void {
  const { codec, carries = ALL } = options;
  // Made once, by the first case: they are many, and the codec is asked about each.
  let examples: DialectContext["examples"] | undefined;
  declareCases(CASES, options, async (one) => {
    examples ??= {
      replica: examplesOf("replica", codec, carries),
      primary: examplesOf("primary", codec, carries),
    };
    await runAs("replica", "primary", one, examples, options);
    await runAs("primary", "replica", one, examples, options);
  });
}

const CASES: Cases<DialectCase, DialectContext> = {
  "fresh-line": agreement.freshLine,
  "told-first": agreement.toldFirst,
  agreement: agreement.agreement,
  "unknown-codec": agreement.unknownCodec,
  "every-message": message.everyMessage,
  "both-ways": message.bothWays,
  "shared-body": message.sharedBody,
  "refused-by-codec": message.refusedByCodec,
  "frame-too-large": message.frameTooLarge,
  "close-flushes": ending.closeFlushes,
  "close-is-told": ending.closeIsTold,
  "code-arrives": ending.codeArrives,
  "listener-error": ending.listenerError,
  "listener-fault": ending.listenerFault,
  "close-inside-a-listener": ending.closeInside,
  "nothing-after-close": ending.nothingAfterClose,
  "send-after-end": ending.sendAfterEnd,
  "break-is-told": ending.breakIsTold,
  "message-before-hello": intruder.beforeHello,
  "second-hello": intruder.secondHello,
  "wrong-role": intruder.wrongRole,
  "frame-beyond-limit": intruder.beyondLimit,
  truncation: damage.truncation,
  "huge-counts": damage.hugeCounts,
  mutations: damage.mutations,
  noise: damage.noise,
  "damaged-hello": damage.damagedHello,
  "other-lines": damage.otherLines,
  "random-conversation": randomConversation,
};

/** `as`: `Object.keys` knows no better. A hello is how a dialect begins, not what is said in it. */
const ALL = (Object.keys(MESSAGES) as MessageType[]).filter((type) => type !== "hello");

/** Runs a case with the near side in this role. */
async function runAs(
  near: Role,
  far: Role,
  one: Case<DialectContext>,
  examples: DialectContext["examples"],
  options: DialectSuiteOptions,
): Promise<void> {
  const { dialect, codec, timeoutMs = DEFAULT_TIMEOUT_MS, seed } = options;
  const numRuns = options.runs ?? DEFAULT_RUNS;
  const opened: OpenLine[] = [];
  const openLine = async () => {
    const line = await within(options.open(), timeoutMs, "no line was opened");
    opened.push(line);
    return line;
  };
  const speaker = (side: keyof Sides, line: OpenLine, given: SideOptions = {}) => {
    const role = side === "near" ? near : far;
    const all = { role, codec, ...USUAL, ...given };
    return new Speaker(`${side} side`, dialect, endOf(line, role), all, timeoutMs);
  };
  try {
    await one.run({
      dialect,
      codec,
      near,
      far,
      examples,
      open: async (here, there) => {
        const line = await openLine();
        return {
          near: speaker("near", line, here),
          far: speaker("far", line, there),
          break: () => line.break(),
        };
      },
      openRaw: async () => {
        const line = await openLine();
        const wire = endOf(line, far);
        // What the near side says is of no interest, but has to be taken for the line to end.
        wire.onMessage(() => {});
        return { near: speaker("near", line), wire };
      },
      parameters: seed === undefined ? { numRuns } : { numRuns, seed },
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : "no error was thrown";
    throw new Error(`${text} (the near side is the ${near})`, { cause: error });
  } finally {
    await Promise.all(opened.map((line) => closeLine(line, timeoutMs)));
  }
}

/** What a side says of itself where a case does not care. */
const USUAL: Omit<LineOptions, "role" | "codec"> = {
  maxFrameBytes: TRANSPORT_LIMITS.maxFrameBytes,
  maxWindowBytes: TRANSPORT_LIMITS.maxFrameBytes,
  pingMs: 15_000,
};

function endOf({ ends: [dialled, accepted] }: OpenLine, role: Role): Transport {
  return role === "replica" ? dialled : accepted;
}
