/** Who is told of messages, and when. */
import type { TransportClose } from "@datahike-sync/core";
import { check, checkError } from "../check.ts";
import { turns } from "../patience.ts";
import type { Case } from "../suite.ts";
import { bytesOf, type LineContext } from "./line.ts";

export const freshLine: Case<LineContext> = {
  says: "a line that was opened is open, and each end knows of a peer",
  async run({ open }) {
    const { near, far } = await open();
    for (const { transport } of [near, far]) {
      check(transport.state === "open", "a fresh line is not open");
      check(typeof transport.peer === "object" && transport.peer !== null, "peer is no object");
    }
  },
};

export const waitForListener: Case<LineContext> = {
  says: "messages that come before anyone listens wait, and come in order",
  async run({ open }) {
    const { near, far } = await open();
    const sent = Array.from({ length: 20 }, (_, i) => bytesOf(i, i));
    for (const message of sent) await near.send(message.slice());
    await turns(3);
    far.listen();
    await far.received(sent);
    await near.send(bytesOf(5, 5));
    await far.received([...sent, bytesOf(5, 5)]);
  },
};

export const neverInside: Case<LineContext> = {
  says: "no listener is called inside a call of send, onMessage, onClose or close",
  async run({ open }) {
    const { near, far } = await open();
    let call = "";
    const faults: string[] = [];
    const watch = (listener: string) => () => {
      if (call !== "") faults.push(`a listener of ${listener} was called inside ${call}`);
    };
    const during = <T>(name: string, job: () => T): T => {
      call = name;
      try {
        return job();
      } finally {
        call = "";
      }
    };
    await during("send", () => near.transport.send(bytesOf(1)));
    await turns(3);
    let stop = () => {};
    await new Promise<void>((resolve, reject) => {
      const watchMessages = watch("messages");
      let count = 0;
      stop = during("onMessage", () =>
        far.transport.onMessage(() => {
          watchMessages();
          // The end would wait behind one that comes when nobody listens any more.
          if (++count === 2) resolve();
        }),
      );
      during("send", () => near.transport.send(bytesOf(2))).catch(reject);
    });
    stop();
    for (const { transport } of [near, far]) transport.onClose(watch("the end"));
    await during("close", () => near.transport.close());
    await far.closed();
    for (const { transport } of [near, far]) {
      during("onClose", () => transport.onClose(watch("the end")));
    }
    await turns(3);
    check(faults.length === 0, () => faults.join(", "));
  },
};

export const oneListener: Case<LineContext> = {
  says: "a new listener takes the place of the old, whose stop function does nothing more",
  async run({ open }) {
    const { near, far } = await open();
    const strays: Uint8Array[] = [];
    const stop = far.transport.onMessage((message) => strays.push(message));
    far.listen();
    stop();
    await near.send(bytesOf(1));
    await far.received([bytesOf(1)]);
    check(strays.length === 0, "a listener that was replaced took a message");
  },
};

export const takenOff: Case<LineContext> = {
  says: "messages that come after a listener was taken off wait for the next",
  async run({ open }) {
    const { near, far } = await open();
    const stop = far.listen();
    await near.send(bytesOf(1));
    await far.received([bytesOf(1)]);
    stop();
    await near.send(bytesOf(2));
    await near.send(bytesOf(3));
    await turns(3);
    check(far.messages.length === 1, "a listener that was taken off took a message");
    far.listen();
    await far.received([bytesOf(1), bytesOf(2), bytesOf(3)]);
  },
};

export const callsInside: Case<LineContext> = {
  says: "a listener may send, and give its place to another",
  async run({ open }) {
    const { near, far } = await open();
    near.listen();
    const answers: Promise<void>[] = [];
    far.transport.onMessage((message) => {
      answers.push(far.transport.send(message));
      far.listen();
    });
    await Promise.all([1, 2, 3].map((size) => near.send(bytesOf(size))));
    await near.received([bytesOf(1)]);
    await far.received([bytesOf(2), bytesOf(3)]);
    await Promise.all(answers);
  },
};

export const throwingListener: Case<LineContext> = {
  says: "a listener that throws closes the line with INTERNAL and its error as the cause",
  async run({ open }) {
    const { near, far } = await open();
    const fault = new Error("the listener's fault");
    let taken = 0;
    far.transport.onMessage(() => {
      taken++;
      throw fault;
    });
    // The line may end under the second.
    await Promise.allSettled([near.send(bytesOf(1)), near.send(bytesOf(2))]);
    const close: TransportClose = await far.closed();
    const error = checkError(close.error, ["INTERNAL"], "the end is told with");
    check(error.cause === fault, "the listener's error is not the cause");
    check(taken === 1, "a listener that threw was called again");
    await near.closed();
  },
};
