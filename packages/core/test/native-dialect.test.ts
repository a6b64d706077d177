import {
  type Agreement,
  type Codec,
  decodeFrame,
  encodeHead,
  type LineOptions,
  type Message,
  NATIVE_DIALECT,
  type Peer,
  type Role,
  SyncError,
  type Transport,
  type TransportClose,
} from "@datahike-sync/core";
import { print, read } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";

/** EDN text: a codec that needs no other package. */
const codec: Codec = {
  name: "edn",
  lossy: [],
  encode: (value) => new TextEncoder().encode(print(value)),
  decode: (bytes) => read(new TextDecoder().decode(bytes)),
};

const HELLO = {
  type: "hello",
  version: 1,
  codec: "edn",
  features: [],
  maxFrame: 9000,
  maxWindow: 200,
  pingMs: 30,
} as const;
const PING: Message = { type: "ping" };
const BATCH: Message = {
  type: "batch",
  id: 1,
  batch: 1,
  position: undefined,
  from: undefined,
  to: undefined,
  tokens: undefined,
  count: undefined,
  fingerprint: undefined,
  mode: undefined,
};
const FAILURE = { type: "error", id: undefined, retryable: true, afterMs: undefined } as const;

describe("the first frame", () => {
  test("is a hello with the codec's name and what this side takes", () => {
    const { wire } = open("replica");
    expect(wire.sent).toHaveLength(1);
    const [frame = new Uint8Array(0)] = wire.sent;
    const head = '[1 "edn" [] 5000 100 20]';
    expect([frame[0], frame[1]]).toEqual([1, head.length]);
    expect(new TextDecoder().decode(frame.subarray(2))).toBe(head);
  });

  test("that cannot be sent ends the line", async () => {
    const refusal = new SyncError("FRAME_TOO_LARGE", "too large");
    const { wire, closes } = open("replica", { refusal });
    await wire.whenClosed;
    expect(closes).toMatchObject([{ error: refusal, code: "FRAME_TOO_LARGE" }]);
  });

  test("of the other side makes the agreement", () => {
    for (const [role, pingMs] of [
      ["replica", 30],
      ["primary", 20],
    ] as const) {
      const { wire, agreements } = open(role);
      wire.take(encodeHead(HELLO, codec));
      expect(agreements).toEqual([{ maxFrameBytes: 9000, maxWindowBytes: 100, pingMs }]);
    }
  });

  test.each<[string, Uint8Array, string]>([
    ["of another version", encodeHead({ ...HELLO, version: 2 }, codec), "UNKNOWN_MESSAGE"],
    ["with another codec's name", encodeHead({ ...HELLO, codec: "e" }, codec), "UNKNOWN_CODEC"],
    ["that the codec cannot read", headed(1, Uint8Array.of(0x5b)), "UNKNOWN_CODEC"],
    ["that the codec reads as something else", headed(1, codec.encode("[")), "UNKNOWN_CODEC"],
    ["that ends early", encodeHead(HELLO, codec).subarray(0, 5), "PROTOCOL_VIOLATION"],
    ["with a body", Uint8Array.of(...encodeHead(HELLO, codec), 0), "PROTOCOL_VIOLATION"],
    ["that is a ping", encodeHead(PING, codec), "PROTOCOL_VIOLATION"],
    ["of which the head is none", headed(13, codec.encode([1])), "PROTOCOL_VIOLATION"],
    ["without a byte", new Uint8Array(0), "PROTOCOL_VIOLATION"],
    ["of an unknown id", headed(15, codec.encode([])), "UNKNOWN_MESSAGE"],
  ])("%s ends the line", async (_, frame, code) => {
    const { wire, agreements, closes } = open("replica");
    wire.take(frame);
    await wire.whenClosed;
    expect(agreements).toEqual([]);
    expect(closes.map(({ error }) => error?.code)).toEqual([code]);
    expect(wire.messages().at(-1)).toMatchObject({ type: "error", code, retryable: false });
  });
});

describe("an error of the line", () => {
  test("says its code and what that means, and whether another line may do better", async () => {
    for (const [code, message, retryable] of [
      ["ACK_TIMEOUT", "the other side did not say in time that it has taken what was sent", true],
      ["PROTOCOL_VIOLATION", "the other side sent what the protocol does not allow", false],
      ["CODE_OF_AN_APPLICATION", "an error", true],
    ] as const) {
      const { wire, line } = open("primary");
      await line.close(code, "for who reads it here");
      const failure = { id: undefined, code, message, retryable, afterMs: undefined };
      expect(wire.messages().at(-1)).toEqual({ type: "error", ...failure });
    }
  });

  test("is no message, and ends the line here too: what comes behind it is not heard", async () => {
    const { wire, heard, closes } = open("replica");
    wire.take(encodeHead(HELLO, codec));
    wire.take(encodeHead({ ...FAILURE, code: "RETRY_LATER", message: "later" }, codec));
    wire.take(encodeHead(PING, codec));
    await wire.whenClosed;
    expect(heard).toEqual([]);
    expect(closes).toMatchObject([{ error: { code: "RETRY_LATER", message: "later" } }]);
    expect(wire.messages().map(({ type }) => type)).toEqual(["hello"]);
  });

  test("of a subscription is a message", () => {
    const { wire, heard } = open("replica");
    wire.take(encodeHead(HELLO, codec));
    const failure: Message = { ...FAILURE, id: 3, code: "STORE_NOT_FOUND", message: "" };
    wire.take(encodeHead(failure, codec));
    expect(heard).toEqual([{ message: failure, body: new Uint8Array(0) }]);
  });
});

test("the code that the other side could still tell is told with how the line broke", async () => {
  const { wire, closes } = open("replica");
  const error = new SyncError("TRANSPORT_CLOSED", "the line broke");
  wire.end({ error, code: "INTERNAL" });
  await wire.whenClosed;
  expect(closes).toEqual([{ error, code: "INTERNAL", reason: undefined }]);
});

test("a line that had ended before it was opened is told as it ended", async () => {
  const { wire, line, closes } = open("replica", { isEnded: true });
  expect(line.isClosed).toBe(true);
  await wire.whenClosed;
  expect(closes).toEqual([{ error: undefined, code: "DONE", reason: "before" }]);
});

test("the body of a batch is not copied on its way", async () => {
  const { wire, line, heard } = open("replica");
  wire.take(encodeHead(HELLO, codec));
  const frame = Uint8Array.of(...encodeHead(BATCH, codec), 1, 2, 3);
  wire.take(frame);
  expect(heard[0]?.body).toEqual(Uint8Array.of(1, 2, 3));
  expect(heard[0]?.body.buffer).toBe(frame.buffer);
  const body = Uint8Array.of(4, 5);
  await line.send(BATCH, body);
  expect(wire.bodies.at(-1)).toBe(body);
});

test("a message counts with its body, up to the last byte that the other side takes", async () => {
  const { wire, line } = open("primary");
  wire.take(encodeHead({ ...HELLO, maxFrame: 100 }, codec));
  const room = 100 - encodeHead(BATCH, codec).length;
  await line.send(BATCH, new Uint8Array(room));
  await expect(line.send(BATCH, new Uint8Array(room + 1))).rejects.toMatchObject({
    code: "FRAME_TOO_LARGE",
    details: { limit: "maxFrameBytes", max: 100, bytes: 101 },
  });
  expect(line.isClosed).toBe(false);
});

/** A transport whose other end is the test. */
class Wire implements Transport {
  readonly peer: Peer = {};
  readonly sent: Uint8Array[] = [];
  readonly bodies: (Uint8Array | undefined)[] = [];
  readonly whenClosed: Promise<void>;
  state: Transport["state"] = "open";
  take: (frame: Uint8Array) => void = () => {};
  readonly #refusal: SyncError | undefined;
  #tell: (close: TransportClose) => void = () => {};
  #closed: () => void = () => {};

  constructor(refusal?: SyncError) {
    this.#refusal = refusal;
    this.whenClosed = new Promise((resolve) => {
      this.#closed = resolve;
    });
  }

  /** What was sent. Both roles' messages can be read: here nobody checks who sends them. */
  messages(role: Role = "primary"): Message[] {
    return this.sent.map((frame) => decodeFrame(frame, codec, role).message);
  }

  async send(head: Uint8Array, body?: Uint8Array): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.state === "closed") throw new SyncError("TRANSPORT_CLOSED", "the line is closed");
    this.sent.push(head);
    this.bodies.push(body);
  }

  onMessage(listener: (frame: Uint8Array) => void): () => void {
    this.take = listener;
    return () => {};
  }

  onClose(listener: (close: TransportClose) => void): () => void {
    this.#tell = listener;
    return () => {};
  }

  end(close: TransportClose): void {
    if (this.state === "closed") return;
    this.state = "closed";
    // After all that is under way, such as a send that is refused.
    setTimeout(() => {
      this.#tell(close);
      this.#closed();
    });
  }

  close(code?: string, reason?: string): Promise<void> {
    this.end({ code, reason });
    return this.whenClosed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface Fault {
  readonly refusal?: SyncError;
  readonly isEnded?: boolean;
}

function open(role: Role, { refusal, isEnded = false }: Fault = {}) {
  const wire = new Wire(refusal);
  if (isEnded) wire.end({ code: "DONE", reason: "before" });
  const agreements: Agreement[] = [];
  const heard: { readonly message: Message; readonly body: Uint8Array }[] = [];
  const closes: TransportClose[] = [];
  const limits = { maxFrameBytes: 5000, maxWindowBytes: 100, pingMs: 20 };
  const options: LineOptions = { role, codec, ...limits };
  const line = NATIVE_DIALECT.open(wire, options, {
    onAgreed: (agreement) => agreements.push(agreement),
    onMessage: (message, body) => heard.push({ message, body }),
    onClose: (close) => closes.push(close),
  });
  return { wire, line, agreements, heard, closes };
}

/** A frame with any head. */
function headed(id: number, head: ReturnType<Codec["encode"]>): Uint8Array {
  return Uint8Array.of(id, head.length, ...head);
}
