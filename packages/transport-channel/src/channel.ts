import type { Peer, Transport } from "@datahike-sync/core";
import { type ChannelOptions, directionOf } from "./channel-options.ts";
import { End } from "./end.ts";

/** One of the two ends of a channel. */
export interface ChannelEnd extends Transport {
  /**
   * Breaks the line as a cut cable does: what is on its way in either direction is lost, and both ends
   * are told, with `TRANSPORT_CLOSED`. Does nothing to a line that has ended.
   */
  break(): void;
}

/**
 * A line between two ends in this process. What one sends, the other receives as bytes of its own.
 *
 * @param there The direction from the first end to the second.
 * @param back The direction from the second end to the first. Default: like `there`.
 * @throws {RangeError} when an option is out of its range.
 */
export function createChannel(
  there: ChannelOptions = {},
  back: ChannelOptions = there,
): [first: ChannelEnd, second: ChannelEnd] {
  return joinedEnds(there, back, CHANNEL_PEER, CHANNEL_PEER);
}

/** Two ends and who each of them is told is at the other. */
export function joinedEnds(
  there: ChannelOptions,
  back: ChannelOptions,
  firstsPeer: Peer,
  secondsPeer: Peer,
): [first: End, second: End] {
  const first = new End(directionOf(there), firstsPeer);
  const second = new End(directionOf(back), secondsPeer);
  first.join(second);
  second.join(first);
  return [first, second];
}

const CHANNEL_PEER: Peer = { address: "channel" };
