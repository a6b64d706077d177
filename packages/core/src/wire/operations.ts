/**
 * The body of a batch: operations, one behind the other, encoded once for all replicas of a codec and
 * selection.
 *
 * A varint `lastWrite` to count from; then of each operation its `op` in one byte, its key behind its
 * length; for 0 to 4 `meta`, the difference of its lastWrite times 4 plus 1 for a binary and 2 for
 * an immutable entry, as a varint whose lowest bit is the sign. A set (0 to 2) ends with a varint that
 * is 0 where the value came in parts and its length plus 1 where it follows; a part (5) with the offset
 * and the bytes.
 */
import type { Edn } from "@datahike-sync/edn";
import { binary, type Codec, type Encoded, encoded } from "../codec.ts";
import { ByteReader, ByteWriter, violation } from "./bytes.ts";

/** What an operation does. The numbers are those of the wire. */
const OPS = {
  node: 0,
  cell: 1,
  pointer: 2,
  deleteNode: 3,
  delete: 4,
  part: 5,
} as const;

export type WireOperation = WireSet | WireDelete | WirePart;

interface WireMeta {
  readonly key: Edn;
  readonly type: "edn" | "binary";
  readonly immutable: boolean;
  /** Milliseconds since the epoch, by the clock of the store that wrote the entry first. */
  readonly lastWrite: number;
}

export interface WireSet extends WireMeta {
  readonly op: "node" | "cell" | "pointer";
  /** In the session's codec; absent where parts brought it. */
  readonly value: Encoded | undefined;
}

export interface WireDelete extends WireMeta {
  readonly op: "deleteNode" | "delete";
}

/** A piece of a value that is too large for one batch; the set that it is for follows. */
export interface WirePart {
  readonly op: "part";
  readonly key: Edn;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Writes the body of one batch. */
export class BodyWriter {
  readonly #codec: Codec;
  readonly #bytes = new ByteWriter();
  #lastWrite: number | undefined;
  #count = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#bytes.length;
  }

  add(operation: WireOperation): void {
    this.#begin(operation.op === "part" ? 0 : operation.lastWrite);
    this.#count++;
    this.#bytes.byte(OPS[operation.op]);
    this.#bytes.block(this.#codec.encode(operation.key));
    if (operation.op === "part") {
      this.#bytes.varint(operation.offset);
      this.#bytes.block(operation.bytes);
      return;
    }
    this.#meta(operation);
    if ("value" in operation) this.#value(operation.value);
  }

  /** The body; the writer is of no use afterwards. */
  finish(): Uint8Array {
    this.#begin(0);
    return this.#bytes.finish();
  }

  /** Times of a batch are near each other: they are counted from that of its first operation. */
  #begin(lastWrite: number): void {
    if (this.#lastWrite !== undefined) return;
    this.#lastWrite = wireTime(lastWrite);
    this.#bytes.varint(zigzag(this.#lastWrite));
  }

  #meta({ type, immutable, lastWrite }: WireMeta): void {
    const flags = (type === "binary" ? BINARY : 0) + (immutable ? IMMUTABLE : 0);
    const late = wireTime(lastWrite) - (this.#lastWrite ?? 0);
    this.#bytes.varint(zigzag(late * FLAGS + flags));
  }

  #value(value: Encoded | undefined): void {
    if (value === undefined) return this.#bytes.varint(0);
    this.#bytes.varint(value.bytes.length + 1);
    this.#bytes.raw(value.bytes);
  }
}

/**
 * Reads the operations of a body one by one. Values are not decoded; their bytes are shared with the
 * body.
 *
 * @throws {SyncError} `PROTOCOL_VIOLATION` with the offset of what is wrong.
 */
export function* readBody(body: Uint8Array, codec: Codec): Generator<WireOperation, void> {
  const reader = new ByteReader(body);
  const base = unzigzag(reader.varint());
  while (!reader.done) {
    const { offset } = reader;
    const op = NAMES[reader.byte()];
    if (op === undefined) throw violation("an operation that is none of ours", offset);
    const key = readKey(reader, codec);
    if (op === "part") {
      yield { op, key, offset: reader.varint(), bytes: reader.block() };
      continue;
    }
    // One object each: in a first sync there are as many of these as entries.
    const meta = unzigzag(reader.varint());
    const late = Math.floor(meta / FLAGS);
    const flags = meta - late * FLAGS;
    const lastWrite = base + late;
    const type = flags & BINARY ? "binary" : "edn";
    const immutable = (flags & IMMUTABLE) !== 0;
    if (op === "delete" || op === "deleteNode") {
      yield { op, key, type, immutable, lastWrite };
    } else {
      yield { op, key, type, immutable, lastWrite, value: readValue(reader, codec, type) };
    }
  }
}

const NAMES: readonly WireOperation["op"][] = Object.keys(OPS) as WireOperation["op"][];

const BINARY = 1;
const IMMUTABLE = 2;
const FLAGS = 4;

/** The year 10889: so far out nothing is lost, and the sums of two such times are exact. */
const LATEST = 2 ** 48;

/** A time as the wire carries it: one further out becomes the furthest. */
export function wireTime(lastWrite: number): number {
  return Math.max(-LATEST, Math.min(LATEST, lastWrite));
}

/** A whole number with its sign as the lowest bit, so that near numbers are short either way. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function readKey(reader: ByteReader, codec: Codec): Edn {
  const { offset } = reader;
  const bytes = reader.block();
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw violation("a key that the codec cannot read", offset, cause);
  }
}

function readValue(reader: ByteReader, codec: Codec, type: WireMeta["type"]): Encoded | undefined {
  const bytes = reader.optionalBlock();
  if (bytes === undefined) return undefined;
  return type === "binary" ? binary(bytes) : encoded(codec, bytes);
}
