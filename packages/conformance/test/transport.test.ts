import { type TransportCase, transportConformance } from "@datahike-sync/conformance/transport";
import {
  type Peer,
  SyncError,
  TRANSPORT_LIMITS,
  type TransportClose,
  type TransportLimits,
} from "@datahike-sync/core";
import { seed } from "@datahike-sync/testing";
import { controls, type Mutant } from "./controls.ts";
import { type Message, PlainEnd } from "./plain-line.ts";

type EndClass = new (limits: TransportLimits) => PlainEnd;

controls<TransportCase, EndClass>(
  (test, End) => {
    transportConformance({
      test,
      open: async (limits) => {
        const all = { ...TRANSPORT_LIMITS, ...limits };
        const ends = [new End(all), new End(all)] as const;
        [ends[0].other, ends[1].other] = [ends[1], ends[0]];
        return { ends, break: () => ends[0].break() };
      },
      // What a mutant never does is waited for as long.
      timeoutMs: End === PlainEnd ? 5000 : 400,
      seed,
      runs: 300,
    });
  },
  PlainEnd,
  mutants(),
);

function mutants(): Mutant<TransportCase, EndClass>[] {
  return [
    {
      name: "does not say who its peer is",
      fails: "fresh-line",
      because: /peer is no object/,
      subject: class extends PlainEnd {
        override readonly peer: Peer = null as unknown as Peer;
      },
    },
    {
      name: "delivers two messages in the wrong order",
      fails: "in-order",
      because: /message 6 .* is not the one sent/,
      subject: class extends PlainEnd {
        #count = 0;
        #held: Message | undefined;
        override receive(message: Message): void {
          if (++this.#count === 7) {
            this.#held = message;
            return;
          }
          super.receive(message);
          if (this.#held !== undefined) super.receive(this.#held);
          this.#held = undefined;
        }
      },
    },
    {
      name: "loses what comes while it sends",
      fails: "both-ways",
      because: /messages arrived/,
      subject: class extends PlainEnd {
        override receive(message: Message): void {
          if (this.waitingBytes === 0) super.receive(message);
        }
      },
    },
    {
      name: "takes an empty message for none",
      fails: "all-sizes",
      because: /messages arrived/,
      subject: class extends PlainEnd {
        override receive(message: Message): void {
          if (message.length > 0) super.receive(message);
        }
      },
    },
    {
      name: "keeps a message's length in 16 bits",
      fails: "all-sizes",
      because: /0 bytes instead of 65536/,
      subject: class extends PlainEnd {
        override receive(message: Message): void {
          super.receive(message.subarray(0, message.length & 0xffff));
        }
      },
    },
    {
      name: "sends the body first",
      fails: "head-and-body",
      because: /not the one sent/,
      subject: class extends PlainEnd {
        override join(head: Uint8Array, body: Uint8Array): Message {
          return super.join(body, head);
        }
      },
    },
    {
      name: "sends the array that a part belongs to",
      fails: "parts-of-arrays",
      because: /bytes instead of/,
      subject: class extends PlainEnd {
        override join(head: Uint8Array, body: Uint8Array): Message {
          return super.join(new Uint8Array(head.buffer), new Uint8Array(body.buffer));
        }
      },
    },
    {
      name: "hands on the sender's body",
      fails: "own-bytes",
      because: /changed the body sent/,
      subject: class extends PlainEnd {
        override join(head: Uint8Array, body: Uint8Array): Message {
          return head.length === 0 ? body : super.join(head, body);
        }
      },
    },
    {
      name: "receives into the same memory again",
      fails: "own-bytes",
      because: /not the one sent/,
      subject: class extends PlainEnd {
        readonly #memory = new Uint8Array(200_000);
        override join(head: Uint8Array, body: Uint8Array): Message {
          this.#memory.set(head);
          this.#memory.set(body, head.length);
          return this.#memory.subarray(0, head.length + body.length);
        }
      },
    },
    {
      name: "hands on the sender's head",
      fails: "spent-head",
      because: /not the one sent/,
      subject: class extends PlainEnd {
        override join(head: Uint8Array, body: Uint8Array): Message {
          return body.length === 0 ? head : super.join(head, body);
        }
      },
    },
    {
      name: "masks the body in place",
      fails: "shared-body",
      because: /not the one sent|has been changed/,
      subject: class extends PlainEnd {
        override join(head: Uint8Array, body: Uint8Array): Message {
          const message = super.join(head, body);
          for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ 0x5a;
          return message;
        }
      },
    },
    {
      name: "gives a subclass of Uint8Array",
      fails: "plain-bytes",
      because: /a message is a Chunk/,
      subject: class extends PlainEnd {
        override join(head: Uint8Array, body: Uint8Array): Message {
          class Chunk extends Uint8Array {}
          return new Chunk(super.join(head, body));
        }
      },
    },
    {
      name: "drops what comes early",
      fails: "waits-for-listener",
      because: /0 of 20 messages arrived/,
      subject: class extends PlainEnd {
        override receive(message: Message): void {
          if (this.listener !== undefined) super.receive(message);
        }
      },
    },
    {
      name: "delivers inside send",
      fails: "never-inside-a-call",
      because: /a listener of messages was called inside send/,
      subject: class extends PlainEnd {
        override later(job: () => void): void {
          job();
        }
      },
    },
    {
      name: "takes off whoever listens by then",
      fails: "one-listener",
      because: /0 of 1 messages arrived/,
      subject: class extends PlainEnd {
        override onMessage(listener: (message: Message) => void): () => void {
          super.onMessage(listener);
          return () => {
            this.listener = undefined;
          };
        }
      },
    },
    {
      name: "keeps the first listener",
      fails: "one-listener",
      because: /messages arrived/,
      subject: class extends PlainEnd {
        override onMessage(listener: (message: Message) => void): () => void {
          return this.listener === undefined ? super.onMessage(listener) : () => {};
        }
      },
    },
    {
      name: "takes no listener off",
      fails: "listener-taken-off",
      because: /a listener that was taken off took a message/,
      subject: class extends PlainEnd {
        override onMessage(listener: (message: Message) => void): () => void {
          super.onMessage(listener);
          return () => {};
        }
      },
    },
    {
      name: "gives a burst of messages to the listener of the first",
      fails: "calls-inside-a-listener",
      because: /more messages came to the near end/,
      subject: class extends PlainEnd {
        #first: ((message: Message) => void) | undefined;
        override take(message: Message, listener: (message: Message) => void): void {
          this.#first ??= listener;
          super.take(message, this.#first);
          setTimeout(() => {
            this.#first = undefined;
          });
        }
      },
    },
    {
      name: "swallows the error of a listener",
      fails: "throwing-listener",
      because: /was not told of the end/,
      subject: class extends PlainEnd {
        override fail(error: SyncError): void {
          if (error.code !== "INTERNAL") super.fail(error);
        }
      },
    },
    {
      name: "forgets the cause",
      fails: "throwing-listener",
      because: /is not the cause/,
      subject: class extends PlainEnd {
        override fail({ code, message }: SyncError): void {
          super.fail(new SyncError(code, message));
        }
      },
    },
    {
      name: "never makes a sender wait",
      fails: "sends-wait",
      because: /although nobody took|send that was awaited rejected/,
      subject: class extends PlainEnd {
        override hasRoom(): boolean {
          return true;
        }
      },
    },
    {
      name: "lets a sender wait for ever",
      fails: "sends-wait",
      because: /a send that waited for room did not resolve/,
      subject: class extends PlainEnd {
        override release(message: Message): void {
          this.waitingBytes -= message.length;
        }
      },
    },
    {
      name: "keeps no room for a message",
      fails: "awaiting-is-safe",
      because: /LIMIT_EXCEEDED|too much is waiting|was closed/,
      subject: class extends PlainEnd {
        override later(job: () => void): void {
          setTimeout(job);
        }
        override hasRoom(): boolean {
          return this.waitingBytes < this.limits.maxQueueBytes;
        }
      },
    },
    {
      name: "queues without end",
      fails: "bounded-queue",
      because: /bytes wait to be sent, more than maxQueueBytes/,
      subject: class extends PlainEnd {
        constructor(limits: TransportLimits) {
          super({ ...limits, maxQueueBytes: Number.POSITIVE_INFINITY });
        }
      },
    },
    {
      name: "tells nobody that the queue was full",
      fails: "bounded-queue",
      because: /was not told of the end/,
      subject: class extends PlainEnd {
        override fail(error: SyncError): void {
          if (error.code === "LIMIT_EXCEEDED") this.state = "closed";
          else super.fail(error);
        }
      },
    },
    {
      name: "closes when a message is too large",
      fails: "frame-too-large",
      because: /the line is closed|instead of FRAME_TOO_LARGE/,
      subject: class extends PlainEnd {
        override refuse(bytes: number): Promise<void> {
          this.break();
          return super.refuse(bytes);
        }
      },
    },
    {
      name: "drops what is on its way when it closes",
      fails: "close-flushes",
      because: /messages arrived|was closed after/,
      subject: class extends PlainEnd {
        override close(code?: string): Promise<void> {
          this.finish({ code });
          this.other.finish({ code });
          return this.whenTold;
        }
      },
    },
    {
      name: "tells of the end before the messages that wait",
      fails: "end-waits-its-turn",
      because: /the end was told before messages/,
      subject: class extends PlainEnd {
        override drain(): void {
          if (this.farewell !== undefined) this.finish(this.farewell);
          else super.drain();
        }
      },
    },
    {
      name: "goes on listening after close",
      fails: "nothing-after-close",
      because: /a message was taken after the line was closed here/,
      subject: class extends PlainEnd {
        override receive(message: Message): void {
          if (this.listener !== undefined) this.take(message, this.listener);
          else super.receive(message);
        }
      },
    },
    {
      name: "hands out what waited after close",
      fails: "nothing-after-close",
      because: /a message was taken after the line was closed here/,
      subject: class extends PlainEnd {
        override drain(): void {
          const waiting = this.state === "closed" ? this.inbox.splice(0) : [];
          for (const message of waiting) this.listener?.(message);
          super.drain();
        }
      },
    },
    {
      name: "is open until the other end knows",
      fails: "nothing-after-close",
      because: /the line is open at the side that closed it/,
      subject: class extends PlainEnd {
        override close(code?: string, reason?: string): Promise<void> {
          const closed = super.close(code, reason);
          if (this.end === undefined) this.state = "open";
          return closed;
        }
      },
    },
    {
      name: "gives a burst of messages to a listener that has closed",
      fails: "close-inside-a-listener",
      because: /3 messages were taken/,
      subject: class extends PlainEnd {
        override drain(): void {
          const { listener } = this;
          if (listener !== undefined) {
            for (const message of this.inbox.splice(0)) this.take(message, listener);
          }
          super.drain();
        }
      },
    },
    {
      name: "refuses to close again",
      fails: "close-again",
      because: /closed already/,
      subject: class extends PlainEnd {
        override close(code?: string, reason?: string): Promise<void> {
          if (this.end !== undefined) return Promise.reject(new Error("closed already"));
          return super.close(code, reason);
        }
      },
    },
    {
      name: "has not told anyone when close resolves",
      fails: "close-is-told",
      because: /the listeners were told 0 times/,
      subject: class extends PlainEnd {
        override close(code?: string, reason?: string): Promise<void> {
          void super.close(code, reason);
          return Promise.resolve();
        }
        override later(job: () => void): void {
          setTimeout(job);
        }
      },
    },
    {
      name: "forgets the code",
      fails: "code-arrives",
      because: /the code told here is undefined/,
      subject: class extends PlainEnd {
        override finish({ error }: TransportClose): void {
          super.finish({ error });
        }
      },
    },
    {
      name: "makes up a code",
      fails: "code-arrives",
      because: /the code told there is 1005/,
      subject: class extends PlainEnd {
        override drain(): void {
          if (this.farewell !== undefined) this.farewell = { code: "1005" };
          super.drain();
        }
      },
    },
    {
      name: "is not closed when disposed of",
      fails: "dispose-closes",
      because: /was not told of the end/,
      subject: class extends PlainEnd {
        override async [Symbol.asyncDispose](): Promise<void> {}
      },
    },
    {
      name: "takes messages for nobody",
      fails: "send-after-close",
      because: /a send after close: no error/,
      subject: class extends PlainEnd {
        override send(head: Uint8Array, body?: Uint8Array): Promise<void> {
          return this.state === "closed" ? Promise.resolve() : super.send(head, body);
        }
      },
    },
    {
      name: "tells those who no longer listen",
      fails: "told-once",
      because: /taken off/,
      subject: class extends PlainEnd {
        override onClose(listener: (close: TransportClose) => void): () => void {
          super.onClose(listener);
          return () => {};
        }
      },
    },
    {
      name: "tells of its end twice",
      fails: "told-once",
      because: /told were: .*near 1,near 2,near 1/,
      subject: class extends PlainEnd {
        override tell(): void {
          const listeners = [...this.closeListeners];
          super.tell();
          for (const listener of listeners) listener(this.end ?? {});
        }
      },
    },
    {
      name: "forgets those who ask too late",
      fails: "told-later",
      because: /a listener that came late was not told/,
      subject: class extends PlainEnd {
        override onClose(listener: (close: TransportClose) => void): () => void {
          return this.end === undefined ? super.onClose(listener) : () => {};
        }
      },
    },
    {
      name: "tells one end only that it broke",
      fails: "break-is-told",
      because: /was not told of the end/,
      subject: class extends PlainEnd {
        override fail(error: SyncError): void {
          this.finish({ error });
        }
      },
    },
    {
      name: "breaks as if it had been closed",
      fails: "break-is-told",
      because: /ended in order/,
      subject: class extends PlainEnd {
        override break(): void {
          this.finish({});
          this.other.finish({});
        }
      },
    },
    {
      name: "lets a send wait while the end waits for a listener",
      fails: "waiting-send-ends",
      because: /a send that waited did not end/,
      subject: class extends PlainEnd {
        override dropWaiters(): void {
          if (this.end !== undefined) super.dropWaiters();
        }
      },
    },
    {
      name: "forgets who waits when it ends",
      fails: "waiting-send-ends",
      because: /a send that waited did not end/,
      subject: class extends PlainEnd {
        override dropWaiters(): void {}
      },
    },
    {
      name: "lets a message overtake those that wait",
      fails: "random-traffic",
      because: /message 0 .* is not the one sent/,
      subject: class extends PlainEnd {
        override receive(message: Message): void {
          if (this.listener === undefined || this.state === "closed") super.receive(message);
          else this.take(message, this.listener);
        }
      },
    },
  ];
}
