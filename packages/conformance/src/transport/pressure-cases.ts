/** Room, and what happens without. */
import type { TransportLimits } from "@datahike-sync/core";
import { check, checkError, checkRejects, failureOf } from "../check.ts";
import { turns, within } from "../patience.ts";
import type { Case } from "../suite.ts";
import { bytesOf, type LineContext, type Side } from "./line.ts";

/** Small enough that a few messages fill a line that buffers nothing else. */
export const SMALL_LIMITS: TransportLimits = {
  maxFrameBytes: 64 * 2 ** 10,
  maxQueueBytes: 256 * 2 ** 10,
};

/** More than any system keeps for a socket. */
const UNBOUNDED_BYTES = 64 * 2 ** 20;

/** So long does a send that finds no room stay without an answer, to be taken for one that waits. */
const BLOCKED_TURNS = 25;

export const sendsWait: Case<LineContext> = {
  says: "a send waits while nobody takes messages, and goes on when somebody does",
  async run({ open, timeoutMs }) {
    const { near, far } = await open(SMALL_LIMITS);
    const { count, pending, error } = await fill(near);
    if (pending === undefined) {
      // A line that cannot hold the sender back ends when the receiver has no more room.
      checkError(error, ["TRANSPORT_CLOSED"], "a send that was awaited rejected with");
      checkError((await far.closed()).error, ["LIMIT_EXCEEDED"], "the receiver was told of");
      return;
    }
    far.listen();
    const failure = await within(pending, timeoutMs, "a send that waited for room did not resolve");
    check(failure === undefined, "a send that waited for room rejected, although there was room");
    await near.send(bytesOf(1));
    const sent = Array.from({ length: count }, (_, i) => frame(i));
    await far.received([...sent, bytesOf(1)]);
  },
};

export const awaitingIsSafe: Case<LineContext> = {
  says: "whoever awaits each send never meets the limit of the queue",
  async run({ open }) {
    const { near, far } = await open(SMALL_LIMITS);
    far.listen();
    // Of uneven sizes, so that room for a small one is not always room for the next.
    const { maxFrameBytes } = SMALL_LIMITS;
    const sent = Array.from({ length: 100 }, (_, i) =>
      bytesOf(maxFrameBytes - ((i * 7919) % 30_000)),
    );
    for (const message of sent) await near.send(message.slice());
    await far.received(sent);
    check(near.transport.state === "open", "the line is closed");
  },
};

export const boundedQueue: Case<LineContext> = {
  says: "whoever does not await meets LIMIT_EXCEEDED, which breaks the line",
  async run({ open }) {
    const { near, far } = await open(SMALL_LIMITS);
    const failures: Promise<unknown>[] = [];
    for (let bytes = 0; near.transport.state === "open"; bytes += SMALL_LIMITS.maxFrameBytes) {
      check(bytes < UNBOUNDED_BYTES, `${bytes} bytes wait to be sent, more than maxQueueBytes`);
      failures.push(failureOf(near.transport.send(frame(bytes))));
    }
    checkError((await near.closed()).error, ["LIMIT_EXCEEDED"], "the sender was told of");
    await far.closed();
    const codes = (await Promise.all(failures)).filter((error) => error !== undefined);
    checkError(codes.at(-1), ["LIMIT_EXCEEDED"], "the send that was too much rejected with");
    await checkRejects(near.transport.send(bytesOf(1)), "TRANSPORT_CLOSED", "the next send");
  },
};

export const largeFrame: Case<LineContext> = {
  says: "a message beyond maxFrameBytes is refused with FRAME_TOO_LARGE and leaves the line open",
  async run({ open }) {
    const { near, far } = await open({ maxFrameBytes: 1000 });
    far.listen();
    const refused = [
      near.transport.send(bytesOf(1001)),
      near.transport.send(bytesOf(1), bytesOf(1000)),
    ];
    for (const sent of refused)
      await checkRejects(sent, "FRAME_TOO_LARGE", "a send that is too large");
    check(near.transport.state === "open", "the line is closed");
    await near.send(bytesOf(400, 1), bytesOf(600, 1));
    await near.send(bytesOf(3));
    const sent = new Uint8Array(1000);
    sent.set(bytesOf(400, 1));
    sent.set(bytesOf(600, 1), 400);
    await far.received([sent, bytesOf(3)]);
  },
};

/** How far a sender came that nobody takes messages from. */
export interface Filled {
  /** The messages sent so far, with the one that waits. */
  readonly count: number;
  /** What the send that waits rejects with, `undefined` when it resolves; absent where none waits. */
  readonly pending?: Promise<unknown>;
  /** What a send rejected with, where one did. */
  readonly error?: unknown;
}

/** Sends messages one after the other until a send waits or is refused. */
export async function fill(side: Side): Promise<Filled> {
  for (let count = 1; count * SMALL_LIMITS.maxFrameBytes <= UNBOUNDED_BYTES; count++) {
    const pending = failureOf(side.transport.send(frame(count - 1)));
    const outcome = await Promise.race([
      pending.then((error) => ({ error })),
      turns(BLOCKED_TURNS).then(() => undefined),
    ]);
    if (outcome === undefined) return { count, pending };
    if (outcome.error !== undefined) return { count, error: outcome.error };
  }
  throw new Error(`sends resolve although nobody took ${UNBOUNDED_BYTES} bytes`);
}

/** The largest message of a line with small limits. */
function frame(mark: number): Uint8Array {
  return bytesOf(SMALL_LIMITS.maxFrameBytes, mark);
}
