/** Frames that are sound, and out of place. */
import { check } from "../check.ts";
import type { Case } from "../suite.ts";
import { type DialectContext, examples, shortest } from "./context.ts";
import { FEW_BYTES, largest } from "./message-cases.ts";
import { maySend } from "./messages.ts";
import { recorded } from "./recorded.ts";

export const beforeHello: Case<DialectContext> = {
  says: "a message before the handshake is PROTOCOL_VIOLATION, and is not heard",
  async run(context) {
    const { messages } = await recorded(context, [shortest(context, "far")]);
    const { near, wire } = await context.openRaw();
    for (const frame of messages.flat()) await wire.send(frame.slice());
    await near.endsWith("PROTOCOL_VIOLATION");
    check(near.told.join() === "end", `the near side was told ${near.told.join()}`);
  },
};

export const secondHello: Case<DialectContext> = {
  says: "a second handshake is PROTOCOL_VIOLATION, and both sides learn it",
  async run(context) {
    const { handshake } = await recorded(context, []);
    check(handshake.length > 0, "the dialect has no handshake");
    const { near, far } = await context.open();
    await Promise.all([near.agreed(), far.agreed()]);
    for (const frame of handshake) await Promise.allSettled([far.tap.inject(frame)]);
    await near.endsWith("PROTOCOL_VIOLATION");
    await far.endsWith("PROTOCOL_VIOLATION");
    check(near.agreements.length === 1, "the near side was told of a second agreement");
  },
};

export const wrongRole: Case<DialectContext> = {
  says: "a message that only the other role sends is PROTOCOL_VIOLATION, and both sides learn it",
  async run(context) {
    const said = examples(context, "near").filter(
      ({ message }) => !maySend(context.far, message.type),
    );
    check(said.length > 0, "there is no message that only one side sends");
    // What the near side sends comes back to it.
    const { messages } = await recorded(context, said, "near");
    for (const frames of messages) {
      const { near, far } = await context.open();
      await Promise.all([near.agreed(), far.agreed()]);
      for (const frame of frames) await Promise.allSettled([far.tap.inject(frame)]);
      await near.endsWith("PROTOCOL_VIOLATION");
      await far.endsWith("PROTOCOL_VIOLATION");
      check(near.heard.length === 0, "the near side heard what its other side may not say");
    }
  },
};

export const beyondLimit: Case<DialectContext> = {
  says: "a frame beyond what a side said it takes is FRAME_TOO_LARGE, and both sides learn it",
  async run(context) {
    const { messages } = await recorded(context, [largest(context, "far")]);
    const { near, far } = await context.open({ maxFrameBytes: FEW_BYTES });
    await Promise.all([near.agreed(), far.agreed()]);
    for (const frame of messages.flat()) await Promise.allSettled([far.tap.inject(frame)]);
    await near.endsWith("FRAME_TOO_LARGE");
    await far.endsWith("FRAME_TOO_LARGE");
    check(near.heard.length === 0, "the near side heard what it did not want to take");
  },
};
