/** What arrives is what was sent. */
import { check, sameBytes } from "../check.ts";
import type { Case } from "../suite.ts";
import { bytesOf, concat, type LineContext } from "./line.ts";

const FRAME_BYTES = 2 ** 20;

export const inOrder: Case<LineContext> = {
  says: "messages arrive whole and in order",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const sent = Array.from({ length: 500 }, (_, i) => bytesOf((i * 37) % 2000, i));
    for (const message of sent) await near.send(message.slice());
    await far.received(sent);
  },
};

export const bothWays: Case<LineContext> = {
  says: "messages go both ways at once",
  async run({ open }) {
    const { near, far } = await open();
    near.listen();
    far.listen();
    const there = Array.from({ length: 200 }, (_, i) => bytesOf(i, i));
    const back = Array.from({ length: 200 }, (_, i) => bytesOf(2 * i, i + 1));
    const sends: Promise<void>[] = [];
    for (const [i, message] of there.entries()) {
      sends.push(near.send(message.slice()), far.send(bytesOf(2 * i, i + 1)));
    }
    await Promise.all(sends);
    await far.received(there);
    await near.received(back);
  },
};

export const allSizes: Case<LineContext> = {
  says: "messages of every size arrive, from none to maxFrameBytes",
  async run({ open }) {
    const { near, far } = await open({ maxFrameBytes: FRAME_BYTES });
    far.listen();
    const sizes = [0, 1, 125, 126, 127, 4095, 65_535, 65_536, 65_537, 0, FRAME_BYTES, 0];
    const sent = sizes.map((size, i) => bytesOf(size, i));
    for (const message of sent) await near.send(message.slice());
    await far.received(sent);
  },
};

export const headAndBody: Case<LineContext> = {
  says: "a message is its head and its body right behind it, either of which may be empty",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const sizes = [0, 1, 100, 70_000];
    const pairs = sizes.flatMap((head) =>
      sizes.map((body) => [bytesOf(head, 1), bytesOf(body, 2)]),
    );
    const expected = pairs.map((parts) => concat(...parts));
    for (const [head, body] of pairs) if (head !== undefined) await near.send(head, body);
    await far.received(expected);
  },
};

export const partsOfArrays: Case<LineContext> = {
  says: "of a part of a larger array only that part is sent",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const larger = bytesOf(1000);
    await near.send(larger.slice().subarray(10, 20), larger.subarray(500, 700));
    await far.received([concat(larger.subarray(10, 20), larger.subarray(500, 700))]);
  },
};

export const ownBytes: Case<LineContext> = {
  says: "what is received belongs to the listener: writing over it changes nothing else",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const [head, body] = [bytesOf(40, 1), bytesOf(60, 2)];
    const [whole, alone] = [concat(head, body), body.slice()];
    // More than once, since a transport may reuse what it gave away.
    for (let i = 0; i < 3; i++) {
      await near.send(head.slice(), body);
      await near.send(new Uint8Array(0), body);
    }
    await far.received([whole, alone, whole, alone, whole, alone]);
    for (const message of far.messages.splice(0, 2)) message.fill(0xee);
    check(sameBytes(body, alone), "writing over a received message changed the body sent");
    await near.send(head.slice(), body);
    await far.received([whole, alone, whole, alone, whole]);
  },
};

export const spentHead: Case<LineContext> = {
  says: "what becomes of a head after its message arrived does not reach the listener's bytes",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const [head, alone] = [bytesOf(40, 1), bytesOf(30, 3)];
    await near.send(head, bytesOf(60, 2));
    await near.send(alone);
    const sent = [concat(bytesOf(40, 1), bytesOf(60, 2)), bytesOf(30, 3)];
    await far.received(sent);
    head.fill(0xee);
    alone.fill(0xee);
    await far.received(sent);
  },
};

export const sharedBody: Case<LineContext> = {
  says: "a body may be on its way on several lines, and none of them changes it",
  async run({ open }) {
    const lines = [await open(), await open(), await open()];
    const body = bytesOf(5000, 9);
    for (const { far } of lines) far.listen();
    await Promise.all(lines.map(({ near }, i) => near.send(bytesOf(10, i), body)));
    for (const [i, { far }] of lines.entries()) {
      await far.received([concat(bytesOf(10, i), bytesOf(5000, 9))]);
      far.messages[0]?.fill(i);
    }
    check(sameBytes(body, bytesOf(5000, 9)), "a body that was sent has been changed");
  },
};

export const plainBytes: Case<LineContext> = {
  says: "what is received is a plain Uint8Array",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    for (const size of [0, 10, 70_000]) await near.send(bytesOf(size));
    await far.received([bytesOf(0), bytesOf(10), bytesOf(70_000)]);
    for (const message of far.messages) {
      const { name } = message.constructor;
      check(name === "Uint8Array", `a message is a ${name}, of which programs know other ways`);
    }
  },
};
