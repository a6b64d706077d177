/** The frames that a dialect makes of messages. */
import type { DialectContext, Sides } from "./context.ts";
import type { Said } from "./messages.ts";

/** Frames as a side sends them. */
export interface Recorded {
  /** Before any message. */
  readonly handshake: readonly Uint8Array[];
  /** Of each message. */
  readonly messages: readonly (readonly Uint8Array[])[];
}

/** Says these on a line of their own, and takes down what it takes to say them. */
export async function recorded(
  context: DialectContext,
  said: readonly Said[],
  side: keyof Sides = "far",
): Promise<Recorded> {
  const talk = await context.open();
  const speaker = talk[side];
  await Promise.all([talk.near.agreed(), talk.far.agreed()]);
  const handshake = speaker.tap.sent.splice(0);
  const messages: Uint8Array[][] = [];
  for (const one of said) {
    await speaker.say(one);
    messages.push(speaker.tap.sent.splice(0));
  }
  return { handshake, messages };
}
