/** Rows of a store whose driver keeps bytes. */
import { type Edn, isKind, isSyncError, SyncError, type Uuid, uuid } from "@datahike-sync/edn";
import { binary, type Codec, type Encoded, encoded, isEncoded } from "../codec.ts";
import type { Cursor, Era, Standing, StepCursor } from "../feed.ts";
import { sameBytes } from "../same-bytes.ts";
import type { EntryMeta } from "../store.ts";
import { keptBytes, notTyped } from "./object-rows.ts";
import { type Cell, type Header, type Kept, type Mark, type RowFormat } from "./row-format.ts";

/**
 * Values, keys and standings are bytes of the store's codec; values that came as such bytes are kept
 * as they are. Header and eras are JSON, so that a store tells with which codec it was written.
 *
 * A cell is 29 bytes, big-endian: flags, seq (a double), place (32 bits), lastWrite (a double), the
 * lengths of key and value (32 bits each); then the 16 bytes of the origin, if any, the key, and the
 * value, if it is here.
 */
export class ByteRows implements RowFormat<Uint8Array> {
  // What is read along by those who want no values, against a row more: about what key and rest take.
  readonly maxHere: number = 1024;
  readonly hasFeed: boolean = true;
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  keep(value: Edn | Encoded, type: EntryMeta["type"]): Encoded {
    if (type === "binary") return keptBytes(value);
    if (!isEncoded(value)) return encoded(this.#codec, this.#codec.encode(value));
    if (value.codec === this.#codec.name) return value;
    if (value.codec === "binary") throw notTyped();
    return encoded(this.#codec, this.#codec.encode(value.decode()));
  }

  give(value: Kept): Edn {
    return this.encode(value).decode();
  }

  share(value: Kept): Kept {
    return value;
  }

  encode(value: Kept): Encoded {
    return isEncoded(value) ? value : encoded(this.#codec, this.#codec.encode(value));
  }

  same(a: Kept, b: Kept): boolean {
    return sameBytes(this.encode(a).bytes, this.encode(b).bytes);
  }

  header({ era, last, floor, clock, writes }: Header): Uint8Array {
    return toJson([VERSION, this.#codec.name, era, last, floor, clock, writes]);
  }

  /** @throws {SyncError} `CODEC_UNSUPPORTED` for a store that was written with another codec. */
  readHeader(row: Uint8Array): Header {
    const [version, codec, era, last, floor, clock, writes] = fromJson(row);
    if (version !== VERSION || codec !== this.#codec.name) {
      throw new SyncError("CODEC_UNSUPPORTED", "the store was written in another format", {
        details: { version: Number(version), codec: String(codec) },
      });
    }
    return {
      era: String(era),
      last: counted(last),
      floor: counted(floor),
      clock: counted(clock),
      writes: counted(writes),
    };
  }

  eras(eras: readonly Era[]): Uint8Array {
    return toJson(eras.flatMap(({ id, after }) => [id, after]));
  }

  readEras(row: Uint8Array): readonly Era[] {
    const items = fromJson(row);
    const eras: Era[] = [];
    for (let i = 0; i < items.length; i += 2) {
      eras.push(Object.freeze({ id: String(items[i]), after: counted(items[i + 1]) }));
    }
    return Object.freeze(eras);
  }

  cell(cell: Cell): Uint8Array {
    const { type, immutable, origin, held, value } = cell;
    const key = this.#codec.encode(cell.key);
    const here = held === "here" && value !== undefined ? this.encode(value).bytes : NO_BYTES;
    const start = FIXED_BYTES + (origin === undefined ? 0 : ORIGIN_BYTES);
    const row = new Uint8Array(start + key.length + here.length);
    const view = new DataView(row.buffer);
    view.setUint8(
      0,
      (type === "binary" ? BINARY : 0) |
        (immutable ? IMMUTABLE : 0) |
        (origin === undefined ? 0 : ORIGIN) |
        (held === "apart" ? APART : 0) |
        (held === "gone" ? GONE : 0),
    );
    view.setFloat64(1, cell.seq);
    view.setUint32(9, cell.place);
    view.setFloat64(13, cell.lastWrite);
    view.setUint32(21, key.length);
    view.setUint32(25, cell.size);
    if (origin !== undefined) row.set(origin.toBytes(), FIXED_BYTES);
    row.set(key, start);
    row.set(here, start + key.length);
    return row;
  }

  readCell(row: Uint8Array): Cell {
    if (row.length < FIXED_BYTES) throw damaged();
    const view = new DataView(row.buffer, row.byteOffset, row.length);
    const flags = view.getUint8(0);
    const size = view.getUint32(25);
    const held = (flags & GONE) !== 0 ? "gone" : (flags & APART) !== 0 ? "apart" : "here";
    const start = FIXED_BYTES + ((flags & ORIGIN) === 0 ? 0 : ORIGIN_BYTES);
    const end = start + view.getUint32(21);
    if (row.length !== end + (held === "here" ? size : 0)) throw damaged();
    const type = (flags & BINARY) === 0 ? "edn" : "binary";
    const origin = (flags & ORIGIN) === 0 ? undefined : uuid(row.subarray(FIXED_BYTES, start));
    return {
      key: readable(() => this.#codec.decode(row.subarray(start, end))),
      type,
      lastWrite: view.getFloat64(13),
      immutable: (flags & IMMUTABLE) !== 0,
      origin,
      seq: view.getFloat64(1),
      place: view.getUint32(9),
      held,
      value: held === "here" ? this.readValue(row.subarray(end), type) : undefined,
      size,
    };
  }

  value(value: Kept): Uint8Array {
    return this.encode(value).bytes;
  }

  readValue(row: Uint8Array, type: EntryMeta["type"]): Encoded {
    return type === "binary" ? binary(row) : encoded(this.#codec, row);
  }

  mark({ id, gone }: Mark): Uint8Array {
    return ENCODER.encode((gone ? "-" : "+") + id);
  }

  readMark(row: Uint8Array): Mark {
    const text = new TextDecoder().decode(row);
    return { id: text.slice(1), gone: text.startsWith("-") };
  }

  standing(standing: Standing): Uint8Array {
    const { revision, cursor, selection, tokens, position, doomed } = standing;
    const place = cursor && [...placeOf(cursor), ...(cursor.origin ? placeOf(cursor.origin) : [])];
    const parts = [place, selection, tokens, position, doomed].map((part) =>
      part === undefined ? [] : [part],
    );
    return this.#codec.encode([revision, ...parts]);
  }

  readStanding(row: Uint8Array): Standing {
    return readable(() => {
      const [revision, cursor, selection, tokens, position, doomed] = items(
        this.#codec.decode(row),
      );
      return Object.freeze({
        revision: counted(revision),
        ...optional("cursor", cursor, readCursor),
        ...optional("selection", selection, readUuid),
        ...optional("tokens", tokens, (part) => part),
        ...optional("position", position, (part) => part),
        ...optional("doomed", doomed, String),
      });
    });
  }

  record(record: Uint8Array): Uint8Array {
    return new Uint8Array(record);
  }

  readRecord(row: Uint8Array): Uint8Array {
    return new Uint8Array(row);
  }
}

/** Of the rows' format. Readers refuse any other. */
const VERSION = 1;
const FIXED_BYTES = 29;
const ORIGIN_BYTES = 16;
const BINARY = 1;
const IMMUTABLE = 2;
const ORIGIN = 4;
const APART = 8;
const GONE = 16;

const NO_BYTES = new Uint8Array(0);
const ENCODER = new TextEncoder();

function toJson(value: readonly (string | number)[]): Uint8Array {
  return ENCODER.encode(JSON.stringify(value));
}

function fromJson(row: Uint8Array): readonly unknown[] {
  const value: unknown = readable(() => JSON.parse(new TextDecoder().decode(row)));
  if (!Array.isArray(value)) throw damaged();
  return value;
}

function counted(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw damaged();
  return value;
}

function items(value: Edn | undefined): readonly Edn[] {
  if (!Array.isArray(value)) throw damaged();
  return value;
}

function optional<K extends string, T>(
  name: K,
  part: Edn | undefined,
  parse: (part: Edn) => T,
): { readonly [name in K]?: T } {
  const [value] = items(part);
  // `as`: a computed name widens to an index signature.
  return value === undefined ? {} : ({ [name]: parse(value) } as { readonly [name in K]: T });
}

function placeOf({ era, seq }: Cursor): Edn[] {
  return [era, seq];
}

function readCursor(value: Edn): StepCursor {
  const [era, seq, ...origin] = items(value);
  if (typeof era !== "string") throw damaged();
  const cursor = { era, seq: counted(seq) };
  return Object.freeze(origin.length === 0 ? cursor : { ...cursor, origin: readCursor(origin) });
}

function readUuid(value: Edn): Uuid {
  if (!isKind(value, "uuid")) throw damaged();
  return value;
}

function readable<T>(job: () => T): T {
  try {
    return job();
  } catch (cause) {
    throw isSyncError(cause, "ENTRY_UNREADABLE") ? cause : damaged(cause);
  }
}

function damaged(cause?: unknown): SyncError {
  const details = isSyncError(cause) ? cause.details : undefined;
  return new SyncError("ENTRY_UNREADABLE", "a row of the store is damaged", { details, cause });
}
