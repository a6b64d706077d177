/** How a line ends, and who is told. */
import type { TransportClose } from "@datahike-sync/core";
import { check, checkError, checkRejects, describe } from "../check.ts";
import { turns, within } from "../patience.ts";
import type { Case } from "../suite.ts";
import { bytesOf, type Line, type LineContext } from "./line.ts";
import { fill, SMALL_LIMITS } from "./pressure-cases.ts";

export const closeFlushes: Case<LineContext> = {
  says: "close comes after all that was sent before it, and both ends are told without an error",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const sent = Array.from({ length: 50 }, (_, i) => bytesOf(i * 1000, i));
    // Not awaited: what is sent is sent, whether there is room for more or not.
    const sends = sent.map((message) => near.transport.send(message.slice()));
    await Promise.all([Promise.allSettled(sends), near.close("DONE", "nothing more to say")]);
    for (const side of [near, far]) checkOrderly(await side.closed());
    await far.received(sent);
  },
};

export const endWaits: Case<LineContext> = {
  says: "an orderly end waits behind the messages that wait for a listener",
  async run({ open }) {
    const { near, far } = await open();
    for (let i = 0; i < 3; i++) await near.send(bytesOf(i, i));
    await near.close();
    await turns(3);
    check(far.closes.length === 0, "the end was told before messages that were sent earlier");
    far.listen();
    await far.received([bytesOf(0, 0), bytesOf(1, 1), bytesOf(2, 2)]);
    checkOrderly(await far.closed());
  },
};

export const nothingAfterClose: Case<LineContext> = {
  says: "who has closed the line takes no more messages, nor those that waited",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    await far.send(bytesOf(1));
    await turns(3);
    const sends = [far.transport.send(bytesOf(2))];
    near.listen();
    const closed = near.close();
    check(near.transport.state === "closed", "the line is open at the side that closed it");
    sends.push(far.transport.send(bytesOf(3)));
    await Promise.all([closed, Promise.allSettled(sends), far.closed()]);
    near.listen();
    await turns(3);
    check(near.messages.length === 0, "a message was taken after the line was closed here");
  },
};

export const closeInside: Case<LineContext> = {
  says: "a listener that closes the line gets no further message",
  async run({ open }) {
    const { near, far } = await open();
    let taken = 0;
    let closed: Promise<void> | undefined;
    far.transport.onMessage(() => {
      taken++;
      closed = far.close();
    });
    await Promise.allSettled([1, 2, 3].map((size) => near.send(bytesOf(size))));
    await Promise.all([near.closed(), far.closed()]);
    await closed;
    await turns(3);
    check(taken === 1, `${taken} messages were taken, the last ones after close`);
  },
};

export const closeAgain: Case<LineContext> = {
  says: "close may be called again, also by both ends at once",
  async run({ open }) {
    const { near, far } = await open();
    await Promise.all([near.close(), far.close(), near.close()]);
    await Promise.all([near.close(), far.close()]);
    for (const side of [near, far]) checkOrderly(await side.closed());
    await turns(3);
    for (const { closes } of [near, far]) check(closes.length === 1, "an end was told again");
  },
};

export const closeIsDispose: Case<LineContext> = {
  says: "disposing of an end closes it",
  async run({ open, timeoutMs }) {
    const { near, far } = await open();
    const disposed = Promise.resolve(near.transport[Symbol.asyncDispose]());
    await within(disposed, timeoutMs, "an end was not disposed of");
    checkOrderly(await far.closed());
    check(near.transport.state === "closed", "an end that was disposed of is open");
  },
};

export const closeIsTold: Case<LineContext> = {
  says: "when close resolves, the listeners of the end have been told",
  async run({ open }) {
    const { near } = await open();
    await near.close();
    check(near.closes.length === 1, `the listeners were told ${near.closes.length} times`);
  },
};

export const codeArrives: Case<LineContext> = {
  says: "the code of a close is told here, and there unless the line cannot carry it",
  async run({ open }) {
    const { near, far } = await open();
    await near.close("RETRY_LATER", "busy");
    const [here, there] = [await near.closed(), await far.closed()];
    check(here.code === "RETRY_LATER", `the code told here is ${here.code}`);
    const { code = "RETRY_LATER", reason = "busy" } = there;
    check(code === "RETRY_LATER", `the code told there is ${code}`);
    check(reason === "busy", `the reason told there is another`);
  },
};

export const sendAfterClose: Case<LineContext> = {
  says: "a send on a closed line rejects with TRANSPORT_CLOSED, on either side",
  async run({ open }) {
    const { near, far } = await open();
    far.listen();
    const closed = near.close();
    await checkRejects(near.transport.send(bytesOf(1)), "TRANSPORT_CLOSED", "a send after close");
    await closed;
    await far.closed();
    for (const { transport } of [near, far]) {
      await checkRejects(transport.send(bytesOf(1)), "TRANSPORT_CLOSED", "a send after the end");
    }
    check(far.messages.length === 0, "a message that was refused has arrived");
  },
};

export const toldOnce: Case<LineContext> = {
  says: "each listener of the end is told once, and one that was taken off is not",
  async run({ open }) {
    const { near, far } = await open();
    const told: string[] = [];
    for (const [name, { transport }] of [["near", near] as const, ["far", far] as const]) {
      transport.onClose(() => told.push(`${name} 1`));
      transport.onClose(() => told.push(`${name} 2`));
      transport.onClose(() => told.push(`${name} taken off`))();
    }
    await near.close();
    await far.closed();
    await turns(3);
    check(told.toSorted().join() === "far 1,far 2,near 1,near 2", `told were: ${told.join()}`);
  },
};

export const toldLater: Case<LineContext> = {
  says: "whoever asks after the end how the line ended is told soon, once, unless taken off",
  async run({ open, timeoutMs }) {
    const { near, far } = await open();
    await near.close("DONE");
    await far.closed();
    for (const { transport } of [near, far]) {
      let times = 0;
      const told = new Promise<TransportClose>((resolve) => {
        transport.onClose((close) => {
          times++;
          resolve(close);
        });
      });
      transport.onClose(() => times++)();
      checkOrderly(await within(told, timeoutMs, "a listener that came late was not told"));
      await turns(3);
      check(times === 1, `listeners that came late were told ${times} times`);
    }
  },
};

export const breakIsTold: Case<LineContext> = {
  says: "when the line breaks both ends are told, once, with an error",
  async run({ open }) {
    const line = await open();
    const { near, far } = line;
    far.listen();
    await near.send(bytesOf(10));
    await far.received([bytesOf(10)]);
    line.break();
    for (const side of [near, far]) {
      const { error } = await side.closed();
      check(error !== undefined, "a line that broke is told to have ended in order");
      checkError(error, ["TRANSPORT_CLOSED", "HEARTBEAT_TIMEOUT"], "the end is told with");
      await checkRejects(side.transport.send(bytesOf(1)), "TRANSPORT_CLOSED", "a send after it");
      await side.close();
    }
    await turns(3);
    for (const { closes } of [near, far]) check(closes.length === 1, "an end was told again");
  },
};

export const waitingSendEnds: Case<LineContext> = {
  says: "a send that waits for room does not outlive the line",
  async run({ open, timeoutMs }) {
    const ends: readonly ((line: Line) => unknown)[] = [
      ({ near }) => near.transport.close(),
      ({ far }) => far.transport.close(),
      (line) => line.break(),
    ];
    for (const end of ends) {
      const line = await open(SMALL_LIMITS);
      // The near end never listens, so that it is told of nothing that waits behind this.
      await line.far.send(bytesOf(1));
      const { pending } = await fill(line.near);
      end(line);
      const error = pending && (await within(pending, timeoutMs, "a send that waited did not end"));
      if (error !== undefined) checkError(error, ["TRANSPORT_CLOSED"], "a send rejected with");
    }
  },
};

function checkOrderly({ error }: TransportClose): void {
  check(error === undefined, () => `an orderly end is told with ${describe(error)}`);
}
