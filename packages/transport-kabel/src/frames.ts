/** Messages as frames: four bytes that say how the rest is written, and the rest. */
import type { Codec } from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, EdnMap, keyword, SyncError } from "@datahike-sync/edn";
import {
  FRAME_IDS,
  HEADER_BYTES,
  type Serialization,
  serializationOf,
  serializationOfCodec,
} from "./frame-ids.ts";

/** A frame in two pieces, as a `Transport` sends it. */
export interface Frame {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Writes frames in one codec and reads those of several. EDN text, which everybody reads, is always
 * among them: what a peer without a codec falls back to.
 */
export class Frames {
  /** What is read, but EDN text: what a hello names. */
  readonly serializations: readonly Serialization[];
  readonly #codecs: ReadonlyMap<Serialization, Codec>;

  /**
   * @param codecs The first is what is written. None: EDN text.
   * @throws {TypeError} for a codec that kabel has no id for, or two of one name.
   */
  constructor(codecs: readonly Codec[]) {
    const named = new Map<Serialization, Codec>();
    for (const codec of codecs) {
      const serialization = serializationOfCodec(codec.name);
      if (serialization === undefined) throw new TypeError("a codec that kabel has no id for");
      if (named.has(serialization)) throw new TypeError("two codecs of one name");
      named.set(serialization, codec);
    }
    this.serializations = [...named.keys()].filter((name) => name !== "pr-str");
    if (!named.has("pr-str")) named.set("pr-str", ednCodec());
    this.#codecs = named;
  }

  /** What is written unless a hello agrees on another. */
  get first(): Serialization {
    const [first = "pr-str"] = this.#codecs.keys();
    return first;
  }

  /** @throws {SyncError} As `Codec.encode`. */
  encode(message: EdnMap, serialization: Serialization): Frame {
    const codec = this.#codecs.get(serialization);
    if (codec === undefined) throw unknownCodec(serialization);
    return { head: headerOf(FRAME_IDS[serialization]), body: codec.encode(message) };
  }

  /**
   * The value of a frame. Bytes and text of the application come as the map that Clojure's peers hand
   * on, `{:kabel/serialization … :kabel/payload …}`.
   *
   * @throws {SyncError} `CODEC_TRUNCATED` for less than an id, `UNKNOWN_CODEC` for an id that is in no
   * table or that this peer was given no codec for, and as `Codec.decode`, with offsets in the payload.
   */
  decode(frame: Uint8Array): Edn {
    if (frame.length < HEADER_BYTES) {
      throw new SyncError("CODEC_TRUNCATED", "a frame without an id", {
        details: { offset: frame.length },
      });
    }
    const id = new DataView(frame.buffer, frame.byteOffset).getInt32(0);
    const serialization = serializationOf(id);
    if (serialization === undefined) {
      throw new SyncError("UNKNOWN_CODEC", "a frame with an id that is in no table", {
        details: { id },
      });
    }
    const payload = frame.subarray(HEADER_BYTES);
    if (serialization === "binary") return raw(serialization, payload.slice());
    if (serialization === "string") return raw(serialization, new TextDecoder().decode(payload));
    const codec = this.#codecs.get(serialization);
    if (codec === undefined) throw unknownCodec(serialization);
    return codec.decode(payload);
  }
}

/** A text message of a WebSocket as a frame, so that lines of bytes carry it, too. */
export function frameOfText(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame.set(headerOf(FRAME_IDS.string));
  frame.set(payload, HEADER_BYTES);
  return frame;
}

function headerOf(id: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setInt32(0, id);
  return header;
}

function raw(serialization: Serialization, payload: Edn): EdnMap {
  return new EdnMap([
    [keyword("kabel", "serialization"), keyword(serialization)],
    [keyword("kabel", "payload"), payload],
  ]);
}

function unknownCodec(serialization: Serialization): SyncError {
  return new SyncError("UNKNOWN_CODEC", "a frame that this peer was given no codec for", {
    details: { id: FRAME_IDS[serialization], serialization },
  });
}
