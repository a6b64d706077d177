/** How a line ends, and what each side learns of it. */
import { SyncError, type TransportClose } from "@datahike-sync/core";
import { check, checkError, checkRejects, describe } from "../check.ts";
import { turns } from "../patience.ts";
import type { Case } from "../suite.ts";
import { type DialectContext, examples, type Sides, shortest } from "./context.ts";
import { renumbered } from "./messages.ts";
import { recorded } from "./recorded.ts";
import type { Speaker } from "./speaker.ts";

/** What must not leave the machine that it is about. */
const SECRET = "secret-of-this-machine";

export const closeFlushes: Case<DialectContext> = {
  says: "close comes after all that was said before it, also with a code",
  async run(context) {
    for (const code of [undefined, "RETRY_LATER"]) {
      const { near, far } = await context.open();
      const said = examples(context, "near");
      await far.agreed();
      const sends = said.map((one) => near.say(one));
      await Promise.all([Promise.allSettled(sends), near.close(code)]);
      await far.ends();
      await far.hears(said);
    }
  },
};

export const closeIsTold: Case<DialectContext> = {
  says: "an end without a code is told to both sides, once, as the last, and is no error",
  async run(context) {
    const { near, far } = await context.open();
    await Promise.all([near.agreed(), far.agreed()]);
    await Promise.all([near.close(), far.close(), near.close()]);
    await near.close("LATE");
    await turns(3);
    for (const side of [near, far]) {
      const { error } = await side.ends();
      check(error === undefined, () => `the ${side.name} was told of ${describe(error)}`);
      check(side.told.join() === "agreement,end", `the ${side.name} was told ${side.told.join()}`);
    }
  },
};

export const codeArrives: Case<DialectContext> = {
  says: "the code given to close arrives as an error that carries it and public text only",
  async run(context) {
    for (const code of ["RETRY_LATER", "A_CODE_OF_AN_APPLICATION"]) {
      const { near, far } = await context.open();
      await Promise.all([near.agreed(), far.agreed()]);
      await near.close(code);
      await checkCodeOnly(await far.endsWith(code), code);
      const { code: here } = await near.ends();
      check(here === code, `the code told here is ${here}`);
      await toldOfOneEnd({ near, far });
    }
  },
};

export const listenerError: Case<DialectContext> = {
  says: "a listener that throws a SyncError ends the line with its code, of which alone the other side learns",
  async run(context) {
    const thrown = new SyncError("LIMIT_EXCEEDED", SECRET, {
      details: { secret: SECRET },
      cause: new Error(SECRET),
    });
    const throwIt = () => {
      throw thrown;
    };
    const said = shortest(context, "far");
    const inMessage = await context.open();
    inMessage.near.onHeard = throwIt;
    await Promise.allSettled([1, 2, 3].map(() => inMessage.far.say(said)));
    await checkListenerEnd(inMessage, "LIMIT_EXCEEDED", 1);
    const inAgreement = await context.open({ onAgreed: throwIt });
    await Promise.allSettled([inAgreement.far.say(said)]);
    await checkListenerEnd(inAgreement, "LIMIT_EXCEEDED", 0);
  },
};

export const listenerFault: Case<DialectContext> = {
  says: "a listener that throws anything else ends the line with INTERNAL, and says why on this side only",
  async run(context) {
    const thrown = new TypeError(SECRET);
    const { near, far } = await context.open();
    near.onHeard = () => {
      throw thrown;
    };
    const said = shortest(context, "far");
    await Promise.allSettled([far.say(said), far.say(said)]);
    await checkListenerEnd({ near, far }, "INTERNAL", 1);
    const [close = {}] = near.closes;
    check(close.error?.cause === thrown, "what the listener threw is not the cause");
  },
};

export const closeInside: Case<DialectContext> = {
  says: "a listener that closes the line hears no further message",
  async run(context) {
    const { near, far } = await context.open();
    let closed: Promise<void> | undefined;
    near.onHeard = () => {
      closed ??= near.close();
    };
    const said = shortest(context, "far");
    await Promise.allSettled([1, 2, 3].map((id) => far.say(renumbered(said, id))));
    await Promise.all([near.ends(), far.ends()]);
    await closed;
    await turns(3);
    check(near.heard.length === 1, `${near.heard.length} messages were heard, some after close`);
  },
};

export const nothingAfterClose: Case<DialectContext> = {
  says: "who has closed the line hears nothing more, nor what a transport hands over late; nor does the other side",
  async run(context) {
    const there = await framesOf(context, "near");
    const back = await framesOf(context, "far");
    const { near, far } = await context.open();
    await Promise.all([near.agreed(), far.agreed()]);
    const sends = [far.say(shortest(context, "far"))];
    const closed = near.close();
    check(near.line.isClosed, "the line is open at the side that closed it");
    for (const frame of back) near.tap.deliver(frame);
    sends.push(far.say(shortest(context, "far")));
    await Promise.all([closed, Promise.allSettled(sends), far.ends()]);
    for (const frame of back) near.tap.deliver(frame);
    for (const frame of there) far.tap.deliver(frame);
    await turns(3);
    for (const side of [near, far]) {
      check(side.heard.length === 0, `the ${side.name} heard a message after the end`);
      check(side.closes.length === 1, `the ${side.name} was told of the end again`);
    }
  },
};

export const sendAfterEnd: Case<DialectContext> = {
  says: "a send after the end rejects with TRANSPORT_CLOSED, on either side",
  async run(context) {
    for (const code of [undefined, "RETRY_LATER"]) {
      const { near, far } = await context.open();
      await Promise.all([near.agreed(), far.agreed()]);
      const closed = near.close(code);
      await checkSendRejects(near, shortest(context, "near").message);
      await closed;
      await far.ends();
      await checkSendRejects(near, shortest(context, "near").message);
      await checkSendRejects(far, shortest(context, "far").message);
      check(far.heard.length === 0, "a message that was refused has arrived");
    }
  },
};

export const breakIsTold: Case<DialectContext> = {
  says: "when the line breaks both sides are told, once, with an error",
  async run(context) {
    const talk = await context.open();
    const { near, far } = talk;
    await Promise.all([near.agreed(), far.agreed()]);
    talk.break();
    for (const side of [near, far]) {
      await side.endsWith("TRANSPORT_CLOSED", "HEARTBEAT_TIMEOUT");
      await checkSendRejects(side, { type: side.options.role === "primary" ? "ping" : "pong" });
      await side.close("LATE");
    }
    await toldOfOneEnd(talk);
  },
};

/** A handshake, and a short message behind it. */
async function framesOf(context: DialectContext, side: keyof Sides): Promise<Uint8Array[]> {
  const { handshake, messages } = await recorded(context, [shortest(context, side)], side);
  return [...handshake, ...messages.flat()];
}

async function checkListenerEnd(sides: Sides, code: string, heard: number): Promise<void> {
  const { near, far } = sides;
  await near.endsWith(code);
  await checkCodeOnly(await far.endsWith(code), code);
  check(near.heard.length === heard, "a listener that threw heard more");
  for (const frame of near.tap.sent) {
    const text = new TextDecoder().decode(frame);
    check(!text.includes(SECRET), "the text of an error was sent to the other side");
  }
  await toldOfOneEnd(sides);
}

async function checkCodeOnly({ error, reason }: TransportClose, code: string): Promise<void> {
  const { details, message, cause } = checkError(error, [code], "the other side was told of");
  check(Object.keys(details).length === 0, "the other side learned details of an error");
  check(cause === undefined, "the other side learned the cause of an error");
  const texts = `${message} ${reason}`;
  check(!texts.includes(SECRET), "the other side learned the text of an error");
}

async function toldOfOneEnd({ near, far }: Sides): Promise<void> {
  await turns(3);
  for (const { closes, name, told } of [near, far]) {
    check(closes.length === 1, `the ${name} was told of the end ${closes.length} times`);
    check(told.at(-1) === "end", `the ${name} was told of something after the end`);
  }
}

async function checkSendRejects(
  { line, name }: Speaker,
  message: Parameters<typeof line.send>[0],
): Promise<void> {
  await checkRejects(line.send(message), "TRANSPORT_CLOSED", `a send of the ${name} after the end`);
  check(line.isClosed, `the ${name}'s line is open after the end`);
}
