import {
  type Clock,
  SYSTEM_CLOCK,
  TRANSPORT_LIMITS,
  type TransportLimits,
} from "@datahike-sync/core";

/** Limits of one direction of a channel, and its faults. */
export interface ChannelOptions extends Partial<TransportLimits> {
  /** How long a message is on its way, in milliseconds. Default 0: it arrives on a microtask. */
  readonly latencyMs?: number | undefined;
  /** How much leaves in a second, in bytes, one message after the other. Default: no bound. */
  readonly bytesPerSecond?: number | undefined;
  /**
   * The chance that a message is lost, from 0 to 1. A line that carries messages whole and in order
   * cannot lose one and go on: when it would have arrived, the line breaks. Default 0.
   */
  readonly loss?: number | undefined;
  /** At least 0, below 1: decides, once for each message, what is lost. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Where `latencyMs` and `bytesPerSecond` take their time from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** What holds where an option is not given. */
export const CHANNEL_DEFAULTS: Direction = {
  ...TRANSPORT_LIMITS,
  latencyMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  loss: 0,
  random: Math.random,
  clock: SYSTEM_CLOCK,
};

/** The options of one direction, all of them. */
export type Direction = { readonly [K in keyof ChannelOptions]-?: NonNullable<ChannelOptions[K]> };

/** The options with their defaults. */
export function directionOf(options: ChannelOptions): Direction {
  const direction: Direction = {
    maxFrameBytes: options.maxFrameBytes ?? CHANNEL_DEFAULTS.maxFrameBytes,
    maxQueueBytes: options.maxQueueBytes ?? CHANNEL_DEFAULTS.maxQueueBytes,
    latencyMs: options.latencyMs ?? CHANNEL_DEFAULTS.latencyMs,
    bytesPerSecond: options.bytesPerSecond ?? CHANNEL_DEFAULTS.bytesPerSecond,
    loss: options.loss ?? CHANNEL_DEFAULTS.loss,
    random: options.random ?? CHANNEL_DEFAULTS.random,
    clock: options.clock ?? CHANNEL_DEFAULTS.clock,
  };
  const { latencyMs, bytesPerSecond, loss } = direction;
  if (!(latencyMs >= 0 && latencyMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError("latencyMs is a time, at least 0");
  }
  if (!(bytesPerSecond > 0)) throw new RangeError("bytesPerSecond is more than 0");
  if (!(loss >= 0 && loss <= 1)) throw new RangeError("loss is a chance, from 0 to 1");
  return direction;
}
