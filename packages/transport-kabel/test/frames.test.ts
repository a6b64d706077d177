import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { transitCodec } from "@datahike-sync/codec-transit";
import type { Codec, Transport, TransportClose } from "@datahike-sync/core";
import { EdnMap, keyword, print } from "@datahike-sync/edn";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  FRAME_IDS,
  KABEL_SOCKET,
  type KabelLineOptions,
  kabelLine,
} from "@datahike-sync/transport-kabel";
import { describe, expect, onTestFinished, test } from "vitest";

const MESSAGE = new EdnMap([
  [keyword("type"), keyword("x")],
  [keyword("a"), 1],
]);

const CODECS: readonly [number, Codec][] = [
  [11, transitCodec({ format: "json" })],
  [12, transitCodec({ format: "msgpack" })],
  [13, fressianCodec()],
  [14, cborCodec()],
];

/** Both ends of a channel. */
async function joined(): Promise<readonly [Transport, Transport]> {
  const server = new ChannelServer();
  onTestFinished(() => server.close());
  const taken = new Promise<Transport>((resolve) => server.onConnection(resolve));
  return [await server.dial(), await taken];
}

/** A line, and the frames that come at its other end. */
async function lineTo(options: KabelLineOptions): Promise<{
  line: ReturnType<typeof kabelLine>;
  far: Transport;
  next: () => Promise<Uint8Array>;
}> {
  const [near, far] = await joined();
  const frames: Uint8Array[] = [];
  let wake = () => {};
  far.onMessage((frame) => {
    frames.push(frame);
    wake();
  });
  const next = async () => {
    for (;;) {
      const frame = frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { line: kabelLine(near, { hello: false, ...options }), far, next };
}

/** What a line makes of a frame: a message, or how it ends. */
async function taken(
  frame: Uint8Array,
  options: KabelLineOptions = {},
): Promise<EdnMap | TransportClose> {
  const { line, far } = await lineTo(options);
  const outcome = new Promise<EdnMap | TransportClose>((resolve) => {
    line.onMessage(resolve);
    line.onClose(resolve);
  });
  await far.send(frame.slice());
  return outcome;
}

function framed(id: number, payload: Uint8Array): Uint8Array {
  return Uint8Array.of(id >>> 24, id >>> 16, id >>> 8, id, ...payload);
}

describe("frames", () => {
  test("without a codec are EDN text, as the JVM writes it", async () => {
    const { line, next } = await lineTo({});
    await line.send(MESSAGE);
    const text = "{:type :x, :a 1}";
    expect(await next()).toEqual(framed(2, new TextEncoder().encode(text)));
  });

  test.each(CODECS)("with id %i are of one codec, and read again", async (id, codec) => {
    const { line, next } = await lineTo({ codecs: [codec] });
    await line.send(MESSAGE);
    const frame = await next();
    expect(frame).toEqual(framed(id, codec.encode(MESSAGE)));
    expect(print((await taken(frame, { codecs: [codec] })) as EdnMap)).toBe(print(MESSAGE));
  });

  test("are read in each codec that was given, and in EDN text, and written in the first", async () => {
    const codecs = [fressianCodec(), cborCodec()];
    for (const [id, codec] of CODECS.slice(2)) {
      expect(await taken(framed(id, codec.encode(MESSAGE)), { codecs })).toBeInstanceOf(EdnMap);
    }
    const text = framed(2, new TextEncoder().encode("{:type :x}"));
    expect(await taken(text, { codecs })).toBeInstanceOf(EdnMap);
    const { line, next } = await lineTo({ codecs });
    await line.send(MESSAGE);
    expect((await next())[3]).toBe(FRAME_IDS.fressian);
  });

  test.each([
    ["that are shorter than an id", Uint8Array.of(0, 0, 0), "CODEC_TRUNCATED"],
    ["with an id that is in no table", framed(99, Uint8Array.of(1)), "UNKNOWN_CODEC"],
    ["with a negative id", framed(-1, Uint8Array.of(1)), "UNKNOWN_CODEC"],
    ["in a codec that was not given", framed(14, Uint8Array.of(1)), "UNKNOWN_CODEC"],
    ["of another format than their id says", framed(2, Uint8Array.of(0x7b)), "CODEC_INVALID"],
    ["that are too large", framed(2, new Uint8Array(100)), "FRAME_TOO_LARGE"],
  ])("%s end the line with an error that says so", async (_, frame, code) => {
    const close = await taken(frame, { maxFrameBytes: 64 });
    expect(close).toMatchObject({ error: { code }, code });
  });

  test("too large to be sent are refused, and the line goes on", async () => {
    const { line, next } = await lineTo({ maxFrameBytes: 64 });
    const large = MESSAGE.with(keyword("b"), "x".repeat(64));
    await expect(line.send(large)).rejects.toMatchObject({ code: "FRAME_TOO_LARGE" });
    await line.send(MESSAGE);
    expect((await next()).length).toBeLessThan(64);
  });

  test("of text and of bytes are maps, as the original hands them on; what is no map is nobody's", async () => {
    const { line, far } = await lineTo({});
    const found: string[] = [];
    const last = new Promise<void>((resolve) => {
      line.onMessage((message) => {
        found.push(print(message));
        if (message.has(keyword("a"))) resolve();
      });
    });
    await far.send(KABEL_SOCKET.textAs("hi"));
    await far.send(framed(0, Uint8Array.of(1)));
    await far.send(framed(2, new TextEncoder().encode("[1 2]")));
    await far.send(framed(2, new TextEncoder().encode("{:a 1}")));
    await last;
    expect(found).toEqual([
      '{:kabel/serialization :string, :kabel/payload "hi"}',
      '{:kabel/serialization :binary, :kabel/payload #bytes "AQ=="}',
      "{:a 1}",
    ]);
  });

  test("need codecs that kabel knows, each once", async () => {
    const [near] = await joined();
    expect(() => kabelLine(near, { codecs: [msgpackCodec()] })).toThrow(TypeError);
    expect(() => kabelLine(near, { codecs: [cborCodec(), cborCodec()] })).toThrow(TypeError);
  });
});

describe("a hello", () => {
  test("comes first, as text, and says what is read", async () => {
    const { next } = await lineTo({ codecs: [fressianCodec(), cborCodec()], hello: true });
    const text = new TextDecoder().decode((await next()).subarray(4));
    expect(text).toBe(
      "{:type :kabel/hello, :kabel/protocol 1, :kabel/codecs [:fressian :cbor], :kabel/features #{}, :kabel/max-frame 16777216, :kabel/binary? true}",
    );
  });

  test("is not said by who has no codec to name", async () => {
    const { line, next } = await lineTo({ hello: true });
    await line.send(MESSAGE);
    expect(new TextDecoder().decode((await next()).subarray(4))).toBe(print(MESSAGE));
  });

  test("of both sides agrees on the codec with the highest id, and the smaller frame", async () => {
    const [near, far] = await joined();
    const a = kabelLine(near, { codecs: [fressianCodec(), cborCodec()], maxFrameBytes: 1000 });
    const b = kabelLine(far, { codecs: [cborCodec(), fressianCodec()], maxFrameBytes: 500 });
    b.onMessage(() => {});
    const ready = new Promise<void>((resolve) => a.onMessage(() => resolve()));
    await b.send(MESSAGE);
    await ready;
    const large = MESSAGE.with(keyword("b"), "x".repeat(600));
    await expect(a.send(large)).rejects.toMatchObject({
      code: "FRAME_TOO_LARGE",
      details: { max: 500 },
    });
  });

  test("changes what is written", async () => {
    const { line, far, next } = await lineTo({
      codecs: [fressianCodec(), cborCodec()],
      hello: true,
    });
    await next();
    const heard = new Promise<void>((resolve) => line.onMessage(() => resolve()));
    const hello = "{:type :kabel/hello :kabel/protocol 1 :kabel/codecs [:cbor :later]}";
    await far.send(framed(2, new TextEncoder().encode(hello)));
    await far.send(framed(2, new TextEncoder().encode(print(MESSAGE))));
    await heard;
    await line.send(MESSAGE);
    expect((await next())[3]).toBe(FRAME_IDS.cbor);
  });

  test.each([
    ["{:type :kabel/hello :kabel/protocol 1 :kabel/codecs [:transit-json]}", "UNKNOWN_CODEC"],
    [
      "{:type :kabel/hello :kabel/protocol 1 :kabel/codecs [:cbor] :kabel/binary? false}",
      "UNKNOWN_CODEC",
    ],
    ["{:type :kabel/hello :kabel/protocol 2 :kabel/codecs [:cbor]}", "UNKNOWN_MESSAGE"],
    ["{:type :kabel/hello :kabel/protocol 1 :kabel/codecs 5}", "PROTOCOL_VIOLATION"],
    ["{:type :kabel/hello :kabel/protocol 1 :kabel/codecs [5]}", "PROTOCOL_VIOLATION"],
    [
      "{:type :kabel/hello :kabel/protocol 1 :kabel/codecs [:cbor] :kabel/max-frame -1}",
      "PROTOCOL_VIOLATION",
    ],
  ])("%s ends the line with %s", async (hello, code) => {
    const frame = framed(2, new TextEncoder().encode(hello));
    const close = await taken(frame, { codecs: [cborCodec()], hello: true });
    expect(close).toMatchObject({ error: { code } });
  });

  test("of who takes text messages alone ends the line, also where a codec of text is common", async () => {
    const hello =
      "{:type :kabel/hello :kabel/protocol 1 :kabel/codecs [:transit-json] :kabel/binary? false}";
    const frame = framed(2, new TextEncoder().encode(hello));
    const close = await taken(frame, { codecs: [transitCodec({ format: "json" })], hello: true });
    expect(close).toMatchObject({ error: { code: "UNKNOWN_CODEC" } });
  });
});
