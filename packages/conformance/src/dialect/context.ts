/** What the cases of the dialect suite are given. */
import type {
  Codec,
  Dialect,
  LineOptions,
  MessageType,
  Role,
  Transport,
} from "@datahike-sync/core";
import { check } from "../check.ts";
import type { RandomParameters } from "../random.ts";
import type { Said } from "./messages.ts";
import type { Speaker } from "./speaker.ts";

export interface DialectContext {
  readonly dialect: Dialect;
  readonly codec: Codec;
  /** What the near side is; the far side is the other. */
  readonly near: Role;
  readonly far: Role;
  /** Examples of all that somebody in a role may say in this dialect. */
  readonly examples: Readonly<Record<Role, readonly Said[]>>;
  /** A fresh line on which both sides speak, from where the case stands. */
  readonly open: (near?: SideOptions, far?: SideOptions) => Promise<Talk>;
  /** A fresh line on which only the near side speaks. */
  readonly openRaw: () => Promise<{ readonly near: Speaker; readonly wire: Transport }>;
  readonly parameters: RandomParameters;
}

/** What a case wants of a side other than the usual. */
export interface SideOptions extends Partial<LineOptions> {
  /** Called within the listener's `onAgreed`. */
  readonly onAgreed?: (() => void) | undefined;
}

/** The two sides of a line, called after where the case stands. */
export interface Sides {
  readonly near: Speaker;
  readonly far: Speaker;
}

/** A line of which both sides speak. */
export interface Talk extends Sides {
  break(): void;
}

/** Messages that a side may send, one at least. */
export function examples(context: DialectContext, side: keyof Sides): readonly Said[] {
  const said = context.examples[context[side]];
  check(said.length > 0, `the dialect carries nothing that a ${context[side]} sends`);
  return said;
}

/** A short message that a side may send. */
export function shortest(context: DialectContext, side: keyof Sides): Said {
  const all = examples(context, side);
  const found = all.find(({ message }) => SHORT.includes(message.type)) ?? all[0];
  check(found !== undefined, "there is no message");
  return found;
}

const SHORT: readonly MessageType[] = ["ack", "unsubscribe", "complete", "resync", "error"];
