/** What arrives is what was said. */
import { type Codec, SyncError } from "@datahike-sync/core";
import { check, checkRejects, sameBytes, thrownBy } from "../check.ts";
import type { Case } from "../suite.ts";
import { type DialectContext, examples, type Sides, shortest } from "./context.ts";
import { bodyOf, renumbered, type Said, textOf } from "./messages.ts";
import type { Speaker } from "./speaker.ts";

export const everyMessage: Case<DialectContext> = {
  says: "every message that a side may send arrives equal, in order, with its body's bytes",
  async run(context) {
    const { near, far } = await context.open();
    const said = examples(context, "near");
    const before = said.map(({ message }) => textOf(message));
    await near.say(...said);
    await far.hears(said);
    const after = said.map(({ message }) => textOf(message));
    check(before.join() === after.join(), "a message was changed by sending it");
  },
};

export const bothWays: Case<DialectContext> = {
  says: "many messages go both ways at once, and each side hears them in their order",
  async run(context) {
    const { near, far } = await context.open();
    const [there, back] = [many(context, "near"), many(context, "far")];
    const sends: Promise<void>[] = [];
    // Not awaited one by one: what is said is said, whether there is room for more or not.
    for (const [i, one] of there.entries()) {
      sends.push(near.say(one), far.say(back[i] ?? one));
    }
    await Promise.all(sends);
    await far.hears(there);
    await near.hears(back);
  },
};

export const sharedBody: Case<DialectContext> = {
  says: "a body may be said on several lines at once, and none of them changes it",
  async run(context) {
    const side = context.near === "primary" ? "near" : "far";
    const batch = examples(context, side).find(({ message }) => message.type === "batch");
    check(batch !== undefined, "the dialect carries no batch");
    const body = bodyOf(context.codec, 20);
    const before = body.slice();
    const talks = [await context.open(), await context.open(), await context.open()];
    await Promise.all(
      talks.map(async ({ near, far }, i) => {
        const [from, to]: readonly Speaker[] = side === "near" ? [near, far] : [far, near];
        if (from === undefined || to === undefined) return;
        const said = renumbered({ ...batch, body }, i);
        await from.say(said, said);
        await to.hears([said, said]);
      }),
    );
    check(sameBytes(body, before), "a body that was said has been changed");
  },
};

export const refusedByCodec: Case<DialectContext> = {
  says: "a message that the codec refuses rejects as the codec does, and the line goes on",
  async run(context) {
    const picky = new PickyCodec(context.codec);
    const { near, far } = await context.open({ codec: picky });
    await Promise.all([near.agreed(), far.agreed()]);
    const said = shortest(context, "near");
    picky.isRefusing = true;
    let send: Promise<void> | undefined;
    const thrown = thrownBy(() => {
      send = near.line.send(said.message, said.body);
    });
    check(thrown === undefined && send !== undefined, "send threw instead of rejecting");
    await checkRejects(send, "CODEC_UNSUPPORTED", "a message that the codec refuses");
    picky.isRefusing = false;
    await near.say(said);
    await far.hears([said]);
  },
};

export const frameTooLarge: Case<DialectContext> = {
  says: "a message beyond the other side's maxFrameBytes is FRAME_TOO_LARGE, and the line goes on",
  async run(context) {
    const { near, far } = await context.open({}, { maxFrameBytes: FEW_BYTES });
    await Promise.all([near.agreed(), far.agreed()]);
    const [large, small] = [largest(context, "near"), shortest(context, "near")];
    const send = near.line.send(large.message, large.body);
    await checkRejects(send, "FRAME_TOO_LARGE", "a message that is too large");
    await near.say(small);
    await far.hears([small]);
  },
};

/** What {@link largest} is beyond, and handshakes are not. */
export const FEW_BYTES = 1000;

/** A message of more than {@link FEW_BYTES}. */
export function largest(context: DialectContext, side: keyof Sides): Said {
  const all = examples(context, side);
  const batch = all.find(({ message }) => message.type === "batch");
  if (batch !== undefined) return { ...batch, body: bodyOf(context.codec, 20) };
  const found = all.find(({ message }) => textOf(message).length > FEW_BYTES);
  check(found !== undefined, "the dialect carries no large message");
  return found;
}

/** The codec that was given, until it is told to refuse. */
class PickyCodec implements Codec {
  readonly name: string;
  readonly lossy: Codec["lossy"];
  isRefusing = false;
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.name = codec.name;
    this.lossy = codec.lossy;
    this.#codec = codec;
  }

  encode(...[value]: Parameters<Codec["encode"]>): Uint8Array {
    if (this.isRefusing) throw new SyncError("CODEC_UNSUPPORTED", "no form for it");
    return this.#codec.encode(value);
  }

  decode(bytes: Uint8Array): ReturnType<Codec["decode"]> {
    return this.#codec.decode(bytes);
  }
}

function many(context: DialectContext, side: keyof Sides): Said[] {
  const all = examples(context, side);
  return Array.from({ length: 100 }, (_, i) => all[i % all.length])
    .filter((said) => said !== undefined)
    .map((said, i) => renumbered(said, i));
}
