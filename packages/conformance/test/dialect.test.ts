import { type DialectCase, dialectConformance } from "@datahike-sync/conformance/dialect";
import {
  type Dialect,
  decodeFrame,
  encodeHead,
  isSyncError,
  type Line,
  type LineListener,
  type LineOptions,
  MESSAGES,
  type Message,
  NATIVE_DIALECT,
  SyncError,
  TRANSPORT_LIMITS,
  type Transport,
  type TransportClose,
} from "@datahike-sync/core";
import { cases, seed } from "@datahike-sync/testing";
import { BrokenDialect, telling, WrappedLine, WrappedTransport } from "./broken-dialect.ts";
import { controls, type Mutant } from "./controls.ts";
import { PlainCodec } from "./plain-codec.ts";
import { PlainEnd } from "./plain-line.ts";

controls<DialectCase, Dialect>(
  (test, dialect) => {
    dialectConformance({
      test,
      dialect,
      codec: new PlainCodec(),
      open: async () => {
        const ends = [new PlainEnd(TRANSPORT_LIMITS), new PlainEnd(TRANSPORT_LIMITS)] as const;
        [ends[0].other, ends[1].other] = [ends[1], ends[0]];
        return { ends, break: () => ends[0].break() };
      },
      // What a mutant never does is waited for as long.
      timeoutMs: dialect === NATIVE_DIALECT ? 5000 : 400,
      seed,
      runs: cases(2000),
    });
  },
  NATIVE_DIALECT,
  mutants(),
);

type Take = (frame: Uint8Array, next: (frame: Uint8Array) => void) => void;

function mutants(): Mutant<DialectCase, Dialect>[] {
  return [
    {
      name: "agrees before it has asked",
      fails: "fresh-line",
      because: /listener was called within open/,
      subject: new (class extends BrokenDialect {
        override line(line: Line, listener: LineListener): Line {
          listener.onAgreed({ maxFrameBytes: 1, maxWindowBytes: 1, pingMs: 1 });
          return line;
        }
      })(),
    },
    {
      name: "tells of the agreement later",
      fails: "told-first",
      because: /told of a message before the agreement/,
      subject: listening((listener) => ({
        onAgreed: (agreement) => setTimeout(() => listener.onAgreed(agreement)),
      })),
    },
    {
      name: "takes its own window",
      fails: "agreement",
      because: /window is 2000, not 1000/,
      subject: listening((listener, { maxWindowBytes }) => ({
        onAgreed: (agreement) => listener.onAgreed({ ...agreement, maxWindowBytes }),
      })),
    },
    {
      name: "pings as the replica likes it",
      fails: "agreement",
      because: /ping is every/,
      subject: listening((listener, { role, pingMs }) => ({
        onAgreed: (agreement) =>
          listener.onAgreed(role === "replica" ? { ...agreement, pingMs } : agreement),
      })),
    },
    {
      name: "asks for no codec's name",
      fails: "unknown-codec",
      because: /was not told of the end/,
      subject: new (class extends BrokenDialect {
        override options(options: LineOptions): LineOptions {
          const { codec } = options;
          const nameless = {
            name: "",
            lossy: codec.lossy,
            encode: codec.encode.bind(codec),
            decode: codec.decode.bind(codec),
          };
          return { ...options, codec: nameless };
        }
      })(),
    },
    {
      name: "leaves out fingerprints",
      fails: "every-message",
      because: /message \d+ at the far side, of type batch, .* became/,
      subject: saying((message) =>
        message.type === "batch" ? { ...message, fingerprint: undefined } : message,
      ),
    },
    {
      name: "forgets where a relay stood",
      fails: "every-message",
      because: /message \d+ at the far side, of type complete, .* became/,
      subject: saying((message) =>
        message.type === "complete"
          ? { ...message, cursor: { era: message.cursor.era, seq: message.cursor.seq } }
          : message,
      ),
    },
    {
      name: "cuts bodies short",
      fails: "every-message",
      because: /the body of message \d+ at the far side is not the one/,
      subject: listening((listener) => ({
        onMessage: (message, body) => listener.onMessage(message, body.subarray(1)),
      })),
    },
    {
      name: "delivers two messages in the wrong order",
      fails: "both-ways",
      because: /message \d+ at the \w+ side(, of type \w+, .* became| is of type)/,
      subject: listening((listener) => {
        let count = 0;
        let held: Parameters<LineListener["onMessage"]> | undefined;
        return {
          onMessage: (...heard) => {
            if (++count === 20) {
              held = heard;
              return;
            }
            listener.onMessage(...heard);
            if (held !== undefined) listener.onMessage(...held);
            held = undefined;
          },
        };
      }),
    },
    {
      name: "wipes the body that it has sent",
      fails: "shared-body",
      because: /body .* has been changed|is not the one that was given/,
      subject: lining(
        (inner) =>
          new (class extends WrappedLine {
            override async send(message: Message, body?: Uint8Array): Promise<void> {
              await super.send(message, body);
              body?.fill(0);
            }
          })(inner),
      ),
    },
    {
      name: "throws what the codec throws",
      fails: "refused-by-codec",
      because: /send threw instead of rejecting/,
      subject: lining(
        (inner) =>
          new (class extends WrappedLine {
            override send(message: Message, body?: Uint8Array): Promise<void> {
              encodeHead(message, this.codec);
              return super.send(message, body);
            }
          })(inner),
      ),
    },
    {
      name: "takes and sends frames of any size",
      fails: "frame-too-large",
      because: /no error instead of FRAME_TOO_LARGE/,
      subject: unlimited(),
    },
    {
      name: "takes and sends frames of any size",
      fails: "frame-beyond-limit",
      because: /was not told of the end/,
      subject: unlimited(),
    },
    {
      name: "closes before it has sent",
      fails: "close-flushes",
      because: /heard \d+ messages, not/,
      subject: lining(
        (inner) =>
          new (class extends WrappedLine {
            override async send(message: Message, body?: Uint8Array): Promise<void> {
              await new Promise((resolve) => setTimeout(resolve));
              return super.send(message, body);
            }
          })(inner),
      ),
    },
    {
      name: "takes every end for an error",
      fails: "close-is-told",
      because: /told of SyncError TRANSPORT_CLOSED/,
      subject: listening((listener) => ({
        onClose: (close) => listener.onClose({ ...close, error: close.error ?? broken() }),
      })),
    },
    {
      name: "tells of the end of the line and of that of the transport",
      fails: "close-is-told",
      because: /was told agreement,end,end/,
      subject: listening((listener) => ({
        onClose: (close) => {
          listener.onClose(close);
          listener.onClose(close);
        },
      })),
    },
    {
      name: "keeps the code to itself",
      fails: "code-arrives",
      because: /far side was told of the end with: no error/,
      subject: lining(
        (inner) =>
          new (class extends WrappedLine {
            override close(): Promise<void> {
              return super.close();
            }
          })(inner),
      ),
    },
    {
      name: "says more of an error than its code",
      fails: "code-arrives",
      because: /learned details of an error/,
      subject: ending(({ error }) => {
        if (error === undefined) return {};
        const { code, message } = error;
        return { error: new SyncError(code, message, { details: { path: "/home" } }), code };
      }),
    },
    {
      name: "swallows the errors of its listener",
      fails: "listener-error",
      because: /near side was not told of the end/,
      subject: catching(() => {}),
    },
    {
      name: "sends the text of an error",
      fails: "listener-error",
      because: /text of an error/,
      subject: catching((line, { code, message }) => {
        const failure = { id: undefined, retryable: false, afterMs: undefined };
        void line.send({ type: "error", code, message, ...failure });
        void line.close(code);
      }),
    },
    {
      name: "leaves its listener's faults to the transport",
      fails: "listener-fault",
      because: /far side was told of the end with: SyncError TRANSPORT_CLOSED/,
      subject: taking((frame, next, { codec, role }, listener) => {
        const { message, body } = decodeFrame(frame, codec, otherOf(role));
        if (message.type === "hello") next(frame);
        else listener.onMessage(message, body);
      }),
    },
    {
      name: "has a queue of its own",
      fails: "close-inside-a-listener",
      because: /3 messages were heard, some after close/,
      subject: listening((listener) => ({
        onMessage: (...heard) => setTimeout(() => listener.onMessage(...heard)),
      })),
    },
    {
      name: "trusts the transport to be silent after close",
      fails: "nothing-after-close",
      because: /heard a message after the end/,
      subject: new (class extends BrokenDialect {
        override transport(
          inner: Transport,
          { codec, role }: LineOptions,
          listener: LineListener,
        ): Transport {
          return new (class extends WrappedTransport {
            override take(frame: Uint8Array, next: (frame: Uint8Array) => void): void {
              if (this.state === "open" || frame[0] === MESSAGES.hello.id) return next(frame);
              const { message, body } = decodeFrame(frame, codec, otherOf(role));
              listener.onMessage(message, body);
            }
          })(inner);
        }
      })(),
    },
    {
      name: "takes messages for nobody",
      fails: "send-after-end",
      because: /no error instead of TRANSPORT_CLOSED/,
      subject: lining(
        (inner) =>
          new (class extends WrappedLine {
            override async send(message: Message, body?: Uint8Array): Promise<void> {
              if (!this.isClosed) await super.send(message, body);
            }
          })(inner),
      ),
    },
    {
      name: "takes a line that broke for one that was closed",
      fails: "break-is-told",
      because: /no error instead of TRANSPORT_CLOSED/,
      subject: ending(({ error, ...close }) =>
        error?.code === "TRANSPORT_CLOSED" ? close : { error, ...close },
      ),
    },
    {
      name: "does without a hello",
      fails: "message-before-hello",
      because: /near side was not told of the end/,
      subject: new (class extends BrokenDialect {
        override transport(inner: Transport, options: LineOptions): Transport {
          let isFirst = true;
          return takingBy(inner, (frame, next) => {
            if (isFirst && frame[0] !== MESSAGES.hello.id) next(helloOf(options));
            isFirst = false;
            next(frame);
          });
        }
      })(),
    },
    {
      name: "begins anew with a second hello",
      fails: "second-hello",
      because: /near side was not told of the end/,
      subject: new (class extends BrokenDialect {
        override transport(inner: Transport): Transport {
          let count = 0;
          return takingBy(inner, (frame, next) => {
            if (frame[0] !== MESSAGES.hello.id || ++count === 1) next(frame);
          });
        }
      })(),
    },
    {
      name: "hears anything from anyone",
      fails: "wrong-role",
      because: /near side was not told of the end/,
      subject: taking((frame, next, { codec, role }, listener) => {
        const error = refusalOf(frame, codec, otherOf(role));
        if (error?.code !== "PROTOCOL_VIOLATION") return next(frame);
        const { message, body } = decodeFrame(frame, codec, role);
        listener.onMessage(message, body);
      }),
    },
    {
      name: "reads beyond the end of a frame",
      fails: "truncation",
      because: /SyncError INTERNAL .* instead of PROTOCOL_VIOLATION/,
      subject: taking((frame, next) => {
        const length = frame[1] ?? 0;
        if (length < 0x80 && frame.length < 2 + length) throw new RangeError("out of bounds");
        next(frame);
      }),
    },
    {
      name: "makes room for whatever a frame says it holds",
      fails: "huge-counts",
      because: /SyncError INTERNAL .* instead of PROTOCOL_VIOLATION/,
      subject: taking((frame, next) => {
        const length = frame.subarray(1, 9).every((byte) => byte === 0xff) ? 2 ** 53 : 0;
        next(frame.subarray(0, frame.length + new Uint8Array(length).length));
      }),
    },
    {
      name: "does not say why it has had enough",
      fails: "mutations",
      because: /the far side was told of the end with: no error/,
      subject: new (class extends BrokenDialect {
        override transport(inner: Transport): Transport {
          return new (class extends WrappedTransport {
            override async send(head: Uint8Array, body?: Uint8Array): Promise<void> {
              if (head[0] !== MESSAGES.error.id) await super.send(head, body);
            }
          })(inner);
        }
      })(),
    },
    {
      name: "is struck dumb by a frame that it cannot read",
      fails: "mutations",
      because: /did nothing with what came/,
      subject: new (class extends BrokenDialect {
        override transport(inner: Transport, { codec, role }: LineOptions): Transport {
          let isDumb = false;
          return takingBy(inner, (frame, next) => {
            isDumb ||= refusalOf(frame, codec, otherOf(role)) !== undefined;
            if (!isDumb) next(frame);
          });
        }
      })(),
    },
    {
      name: "thinks that a frame has a first byte",
      fails: "noise",
      because: /SyncError INTERNAL/,
      subject: taking((frame, next) => {
        if (frame[0] === undefined) throw new TypeError("not a byte");
        next(frame);
      }),
    },
    {
      name: "thinks that a hello is one",
      fails: "damaged-hello",
      because: /SyncError INTERNAL/,
      subject: taking((frame, next, { codec, role }) => {
        const error = refusalOf(frame, codec, otherOf(role));
        if (error !== undefined) throw new TypeError("no hello", { cause: error });
        next(frame);
      }),
    },
    {
      name: "blames all lines that are open for one",
      fails: "other-lines",
      because: /far side heard \d+ of/,
      subject: new (class extends BrokenDialect {
        #refusals = 0;
        override transport(inner: Transport, { codec, role }: LineOptions): Transport {
          const before = this.#refusals;
          return takingBy(inner, (frame, next) => {
            const isSound = refusalOf(frame, codec, otherOf(role)) === undefined;
            if (!isSound) this.#refusals++;
            if (!isSound || this.#refusals === before || frame[0] === MESSAGES.error.id)
              next(frame);
          });
        }
      })(),
    },
    {
      name: "closes with a code of its own",
      fails: "random-conversation",
      because: /was told of the end with DONE, not undefined/,
      subject: lining(
        (inner) =>
          new (class extends WrappedLine {
            override close(code: string = "DONE"): Promise<void> {
              return super.close(code);
            }
          })(inner),
      ),
    },
    {
      name: "loses the fourth message of a line that ends by it",
      fails: "random-conversation",
      because: /heard \d+ (of \d+ messages|messages, not)|was not told of the end|message 3 at the/,
      subject: listening((listener) => {
        let count = 0;
        return { onMessage: (...heard) => ++count !== 4 && listener.onMessage(...heard) };
      }),
    },
  ];
}

/** Tells its listener something else. */
function listening(
  change: (listener: LineListener, options: LineOptions) => Partial<LineListener>,
): Dialect {
  return new (class extends BrokenDialect {
    override listener(listener: LineListener, options: LineOptions): LineListener {
      return telling(listener, change(listener, options));
    }
  })();
}

/** Tells its listener of another end. */
function ending(change: (close: TransportClose) => TransportClose): Dialect {
  return listening((listener) => ({ onClose: (close) => listener.onClose(change(close)) }));
}

/** Has another line. */
function lining(change: (line: Line) => Line): Dialect {
  return new (class extends BrokenDialect {
    override line(line: Line): Line {
      return change(line);
    }
  })();
}

/** Sends other messages than it was given. */
function saying(change: (message: Message) => Message): Dialect {
  return lining(
    (inner) =>
      new (class extends WrappedLine {
        override send(message: Message, body?: Uint8Array): Promise<void> {
          return super.send(change(message), body);
        }
      })(inner),
  );
}

/** Does something else with the frames that come. */
function taking(
  take: (
    frame: Uint8Array,
    next: (frame: Uint8Array) => void,
    options: LineOptions,
    listener: LineListener,
  ) => void,
): Dialect {
  return new (class extends BrokenDialect {
    override transport(inner: Transport, options: LineOptions, listener: LineListener): Transport {
      return takingBy(inner, (frame, next) => take(frame, next, options, listener));
    }
  })();
}

function takingBy(inner: Transport, take: Take): Transport {
  return new (class extends WrappedTransport {
    override take(frame: Uint8Array, next: (frame: Uint8Array) => void): void {
      take(frame, next);
    }
  })(inner);
}

/** Deals in its own way with the SyncErrors of its listener. */
function catching(deal: (line: Line, error: SyncError) => void): Dialect {
  return new (class extends BrokenDialect {
    override open(transport: Transport, options: LineOptions, listener: LineListener): Line {
      const line = super.open(
        transport,
        options,
        telling(listener, {
          onMessage: (message, body) => {
            try {
              listener.onMessage(message, body);
            } catch (error) {
              if (!isSyncError(error)) throw error;
              deal(line, error);
            }
          },
        }),
      );
      return line;
    }
  })();
}

function unlimited(): Dialect {
  return new (class extends BrokenDialect {
    override options(options: LineOptions): LineOptions {
      return { ...options, maxFrameBytes: 2 ** 30 };
    }
  })();
}

function helloOf({ codec, maxFrameBytes, maxWindowBytes, pingMs }: LineOptions): Uint8Array {
  const limits = { maxFrame: maxFrameBytes, maxWindow: maxWindowBytes, pingMs };
  return encodeHead(
    { type: "hello", version: 1, codec: codec.name, features: [], ...limits },
    codec,
  );
}

function otherOf(role: LineOptions["role"]): LineOptions["role"] {
  return role === "primary" ? "replica" : "primary";
}

/** Why a frame is none. */
function refusalOf(
  frame: Uint8Array,
  codec: LineOptions["codec"],
  sender: LineOptions["role"],
): SyncError | undefined {
  try {
    decodeFrame(frame, codec, sender);
  } catch (error) {
    if (isSyncError(error)) return error;
    throw error;
  }
  return undefined;
}

function broken(): SyncError {
  return new SyncError("TRANSPORT_CLOSED", "the line broke");
}
