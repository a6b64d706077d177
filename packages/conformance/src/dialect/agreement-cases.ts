/** How a line begins. */
import type { Codec, LineOptions } from "@datahike-sync/core";
import { check } from "../check.ts";
import { turns } from "../patience.ts";
import type { Case } from "../suite.ts";
import { type DialectContext, examples, shortest, type Talk } from "./context.ts";

export const freshLine: Case<DialectContext> = {
  says: "a fresh line is open, knows its peer, codec and traits, and has called nobody within open",
  async run(context) {
    const { near, far } = await context.open();
    for (const { line, name, options, tap, toldInOpen } of [near, far]) {
      check(toldInOpen === 0, `the ${name}'s listener was called within open`);
      check(!line.isClosed, `the ${name}'s line is closed`);
      check(line.peer === tap.peer, `the ${name}'s peer is not that of its transport`);
      check(line.codec === options.codec, `the ${name}'s codec is not the one it was given`);
      const traits = JSON.stringify(context.dialect.traits);
      check(JSON.stringify(line.traits) === traits, `the ${name}'s traits are not the dialect's`);
    }
  },
};

export const toldFirst: Case<DialectContext> = {
  says: "each side is told of the agreement once, before all messages, however early they are sent",
  async run(context) {
    const { near, far } = await context.open();
    const [there, back] = [examples(context, "near"), examples(context, "far")];
    await Promise.all([near.say(...there), far.say(...back)]);
    await far.hears(there);
    await near.hears(back);
    await turns(3);
    for (const { name, told } of [near, far]) {
      check(told[0] === "agreement", `the ${name} was told of a message before the agreement`);
      const times = told.filter((what) => what === "agreement").length;
      check(times === 1, `the ${name} was told of the agreement ${times} times`);
    }
  },
};

export const agreement: Case<DialectContext> = {
  says: "both agree on the smaller window and the primary's ping, and learn the other's largest frame",
  async run(context) {
    for (const [here, there] of [
      [1000, 2000],
      [2000, 1000],
      [3000, 3000],
    ] as const) {
      await checkAgreement(
        await context.open(
          { maxWindowBytes: here, pingMs: here + 1, maxFrameBytes: 70_000 + here },
          { maxWindowBytes: there, pingMs: there + 2, maxFrameBytes: 90_000 + there },
        ),
      );
    }
  },
};

export const unknownCodec: Case<DialectContext> = {
  says: "sides with codecs of different names both end with UNKNOWN_CODEC, and hear no message",
  async run(context) {
    const { codec } = context;
    for (const other of [renamed(codec), disguised(codec)]) {
      for (const options of [[{ codec: other }], [{}, { codec: other }]] as const) {
        const { near, far } = await context.open(...options);
        // Sent before anything is known, and lost.
        const sends = [near.say(shortest(context, "near")), far.say(shortest(context, "far"))];
        await Promise.allSettled(sends);
        for (const side of [near, far]) {
          await side.endsWith("UNKNOWN_CODEC");
          check(side.told.length === 1, `the ${side.name} was told of more than the end`);
        }
      }
    }
  },
};

async function checkAgreement({ near, far }: Talk): Promise<void> {
  const primary = near.options.role === "primary" ? near : far;
  for (const [side, other] of [
    [near, far],
    [far, near],
  ] as const) {
    const { maxFrameBytes, maxWindowBytes, pingMs } = await side.agreed();
    const { maxFrameBytes: largest } = other.options;
    const window = Math.min(side.options.maxWindowBytes, other.options.maxWindowBytes);
    const { pingMs: ping } = primary.options;
    check(maxFrameBytes === largest, `the ${side.name} may send ${maxFrameBytes}, not ${largest}`);
    check(
      maxWindowBytes === window,
      `the ${side.name}'s window is ${maxWindowBytes}, not ${window}`,
    );
    check(pingMs === ping, `the ${side.name}'s ping is every ${pingMs} ms, not ${ping}`);
  }
}

/** The same bytes under another name: of one of two, values would be kept under the wrong name. */
function renamed(codec: Codec): LineOptions["codec"] {
  return {
    name: `${codec.name}-renamed`,
    lossy: codec.lossy,
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
  };
}

/** Other bytes, that are nothing to this codec. */
function disguised(codec: Codec): LineOptions["codec"] {
  const turned = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
  return {
    name: `${codec.name}-disguised`,
    lossy: codec.lossy,
    encode: (value) => turned(codec.encode(value)),
    decode: (bytes) => codec.decode(turned(bytes)),
  };
}
