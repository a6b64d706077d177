/** Frames that have been damaged, or never were any. */
import { MESSAGES, type Message } from "@datahike-sync/core";
import fc from "fast-check";
import { check, checkError, describe, thrownBy } from "../check.ts";
import { EDITS, edited } from "../damage.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { type DialectContext, examples, shortest } from "./context.ts";
import { headOf, maySend, renumbered } from "./messages.ts";
import { recorded } from "./recorded.ts";
import type { Speaker } from "./speaker.ts";

/** What a side may say of frames that it does not take. */
const REFUSALS = [
  "PROTOCOL_VIOLATION",
  "UNKNOWN_MESSAGE",
  "UNKNOWN_CODEC",
  "FRAME_TOO_LARGE",
  "LIMIT_EXCEEDED",
];

export const truncation: Case<DialectContext> = {
  says: "a frame that ends early is refused, or is another message that may be sent",
  async run(context) {
    for (const frame of await framesOf(context)) {
      const cuts = placesIn(frame).map((end) => frame.subarray(0, end));
      await Promise.all(cuts.map((cut) => checkTaken(context, cut)));
    }
  },
};

export const hugeCounts: Case<DialectContext> = {
  says: "a length or count that the frame does not hold is refused, before anything is made for it",
  async run(context) {
    for (const frame of await framesOf(context)) {
      const damaged = placesIn(frame).flatMap((at) =>
        [1, 4, 8].map((size) => frame.slice().fill(0xff, at, at + size)),
      );
      await Promise.all(damaged.map((one) => checkTaken(context, one)));
    }
  },
};

export const mutations: Case<DialectContext> = {
  says: "a damaged frame is refused, or is another message that may be sent",
  async run(context) {
    const frames = fc.constantFrom(...(await framesOf(context)));
    const damaged = fc.tuple(frames, EDITS).map(([frame, edits]) => edited(frame, edits));
    await forAll(damaged, context.parameters, (frame) => checkTaken(context, frame), hexOf);
  },
};

export const noise: Case<DialectContext> = {
  says: "frames of any bytes, and of none, are refused, or are messages that may be sent",
  async run(context) {
    await checkTaken(context, new Uint8Array(0));
    const bytes = fc.uint8Array({ maxLength: 64 });
    await forAll(bytes, context.parameters, (frame) => checkTaken(context, frame), hexOf);
  },
};

export const damagedHello: Case<DialectContext> = {
  says: "a handshake that is damaged or no handshake is refused, or is one",
  async run(context) {
    const { handshake } = await recorded(context, []);
    check(handshake.length > 0, "the dialect has no handshake");
    const frames = fc.oneof(
      fc.tuple(fc.constantFrom(...handshake), EDITS).map(([frame, edits]) => edited(frame, edits)),
      fc.uint8Array({ maxLength: 64 }),
    );
    await forAll(
      frames,
      context.parameters,
      async (frame) => {
        const { near, wire } = await context.openRaw();
        await Promise.allSettled([wire.send(frame.slice())]);
        await wire.close();
        const { error } = await near.ends();
        if (error !== undefined)
          checkError(error, REFUSALS, "the near side was told of the end with");
        checkOneEnd(near);
        check(near.heard.length === 0, "a message was heard in place of a handshake");
      },
      hexOf,
    );
  },
};

export const otherLines: Case<DialectContext> = {
  says: "frames that end one line do nothing to another",
  async run(context) {
    const bystander = await context.open();
    for (const frame of await framesOf(context)) {
      await checkTaken(context, frame.subarray(0, frame.length >> 1));
    }
    const [there, back] = [examples(context, "near"), examples(context, "far")];
    await Promise.all([bystander.near.say(...there), bystander.far.say(...back)]);
    await bystander.far.hears(there);
    await bystander.near.hears(back);
    const fresh = await context.open();
    await fresh.near.say(...there);
    await fresh.far.hears(there);
  },
};

/**
 * The frames of all messages of the far side but errors: an error that was damaged may be one of the
 * line, with any code.
 */
async function framesOf(context: DialectContext): Promise<readonly Uint8Array[]> {
  const said = examples(context, "far").filter(({ message }) => message.type !== "error");
  return (await recorded(context, said)).messages.flat();
}

/** All places of a short frame, and of a long one some. */
function placesIn(frame: Uint8Array): number[] {
  const count = Math.min(frame.length, 50);
  return Array.from({ length: count }, (_, i) => Math.floor((i * frame.length) / count));
}

/** Lets the near side have a frame that it may refuse, and checks what it makes of it. */
async function checkTaken(context: DialectContext, frame: Uint8Array): Promise<void> {
  const { near, far } = await context.open();
  const last = renumbered(shortest(context, "far"), 2 ** 40);
  await Promise.all([near.agreed(), far.agreed()]);
  await Promise.allSettled([far.tap.inject(frame), far.line.send(last.message, last.body)]);
  await near.hearsOrEnds(last.message);
  for (const { message } of near.heard) checkMessage(context, message);
  const error = near.closes[0]?.error;
  if (near.closes.length > 0) {
    checkOneEnd(near);
    await far.endsWith(checkError(error, REFUSALS, "the near side was told of the end with").code);
  }
  await Promise.all([near.close(), far.close()]);
}

/** What was heard must be what the other side may say, with fields of the right kinds. */
function checkMessage({ far }: DialectContext, message: Message): void {
  const { type } = message;
  check(Object.hasOwn(MESSAGES, type) && type !== "hello", `${type} is no message`);
  check(maySend(far, type), `${type} is no message of a ${far}`);
  const head = headOf(type);
  const error = thrownBy(() => head.read(head.write(message)));
  check(error === undefined, () => `a ${type} was heard that is none: ${describe(error)}`);
}

function checkOneEnd({ closes, name, told }: Speaker): void {
  check(closes.length === 1, `the ${name} was told of the end ${closes.length} times`);
  check(told.at(-1) === "end", `the ${name} was told of something after the end`);
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
