/**
 * The bytes that hasch digests for a value: one byte for the kind, then a body. Bodies of vectors,
 * lists, maps, sets and records are digests of what their items become, so no body grows with what
 * is in it.
 */
import {
  type Edn,
  type EdnMap,
  type EdnSet,
  formatDouble,
  kindOf,
  SyncError,
} from "@datahike-sync/edn";
import { sha512 } from "@noble/hashes/sha2.js";
import { ByteBuffer } from "./byte-buffer.ts";

/** SHA-512 of the bytes that hasch makes of a value, in an array of its own. */
export function digestOf(value: Edn): Uint8Array {
  const out = new ByteBuffer();
  coerce(out, value, 0);
  return sha512(out.since(0));
}

/** How deep collections may be nested: far below where a JavaScript stack ends. */
const MAX_DEPTH = 1000;

const NIL = 0;
const BOOLEAN = 1;
const NUMBER = 2;
const STRING = 3;
const SYMBOL = 4;
const KEYWORD = 5;
const INST = 6;
const UUID = 7;
const SEQUENCE = 8;
const VECTOR = 9;
const MAP = 10;
const SET = 11;
const RECORD = 12;
const BYTES = 13;

const TRUE = 41;
const FALSE = 40;

/** Bodies of text and bytes are digested from this length on. */
const LONG_BODY = 1024;
/** Maps and sets combine only as much of each item, whatever its length. */
const COMBINED_BYTES = 32;
/** Items of a sequence wait until they are this much, so that small ones cost one digest together. */
const CHUNK_BYTES = 16_384;

function coerce(out: ByteBuffer, value: Edn, depth: number): void {
  switch (typeof value) {
    case "string":
      out.byte(STRING);
      return escaped(out, value);
    case "number":
      out.byte(NUMBER);
      return out.text(Number.isSafeInteger(value) ? `${value}` : formatDouble(value));
    case "bigint":
      out.byte(NUMBER);
      return out.text(`${value}`);
    case "boolean":
      out.byte(BOOLEAN);
      return out.byte(value ? TRUE : FALSE);
    default:
      return coerceObject(out, value, depth);
  }
}

type ObjectValue = Exclude<Edn, string | number | bigint | boolean>;

function coerceObject(out: ByteBuffer, value: ObjectValue, depth: number): void {
  if (value === null) return out.byte(NIL);
  if (value instanceof Uint8Array) {
    out.byte(BYTES);
    const start = out.length;
    out.append(value);
    return escape(out, start);
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError("an invalid date has no hash");
    out.byte(INST);
    return out.text(`${value.getTime()}`);
  }
  if (isVector(value)) {
    out.byte(VECTOR);
    return sequence(out, value, depth);
  }
  switch (value?.ednKind) {
    case "keyword":
      out.byte(KEYWORD);
      return escaped(out, value.toString());
    case "uuid":
      out.byte(UUID);
      return out.text(value.toString());
    case "symbol":
      out.byte(SYMBOL);
      return escaped(out, value.toString());
    case "char":
      out.byte(STRING);
      return escaped(out, value.toString());
    case "double":
    case "float":
    case "bigInteger":
    case "decimal":
      out.byte(NUMBER);
      return out.text(value.toString());
    case "list":
      out.byte(SEQUENCE);
      return sequence(out, value.items, depth);
    case "map":
      out.byte(MAP);
      return entries(out, value, depth);
    case "set":
      out.byte(SET);
      return members(out, value, depth);
    case "record":
      out.byte(RECORD);
      return record(out, value.type, value.fields, depth);
    case "extension":
      return coerce(out, value.toEdn(), deeper(depth));
    default:
      throw unsupported(value);
  }
}

function sequence(out: ByteBuffer, items: readonly Edn[], depth: number): void {
  const start = out.length;
  const below = deeper(depth);
  let earlier: ReturnType<typeof sha512.create> | undefined;
  for (const item of items) {
    coerce(out, item, below);
    if (out.length - start < CHUNK_BYTES) continue;
    earlier = (earlier ?? sha512.create()).update(out.since(start));
    out.length = start;
  }
  // hasch digests a sequence of nothing as it does a nil, so [] and [nil] are the same to it.
  if (items.length === 0) out.byte(NIL);
  const rest = out.since(start);
  out.replace(start, earlier === undefined ? sha512(rest) : earlier.update(rest).digest());
}

function entries(out: ByteBuffer, map: EdnMap, depth: number): void {
  if (map.size === 0) return;
  const combined = out.length;
  out.zeros(COMBINED_BYTES);
  for (const entry of map) {
    const start = out.length;
    out.byte(VECTOR);
    sequence(out, entry, depth);
    combine(out, combined, start);
  }
}

function members(out: ByteBuffer, set: EdnSet, depth: number): void {
  if (set.size === 0) return;
  const combined = out.length;
  out.zeros(COMBINED_BYTES);
  for (const item of set) {
    const start = out.length;
    coerce(out, item, deeper(depth));
    out.replace(start, sha512(out.since(start)));
    combine(out, combined, start);
  }
}

/** A record is a sequence of its type, as a symbol, and the map of its fields. */
function record(out: ByteBuffer, type: string, fields: EdnMap, depth: number): void {
  const start = out.length;
  out.byte(SYMBOL);
  escaped(out, type);
  out.byte(MAP);
  entries(out, fields, depth);
  out.replace(start, sha512(out.since(start)));
}

/** Takes back what was written from `start` on, and adds it to `combined` without regard to order. */
function combine(out: ByteBuffer, combined: number, start: number): void {
  const bytes = out.since(combined);
  for (let i = 0; i < COMBINED_BYTES; i++) {
    bytes[i] = (bytes[i] ?? 0) ^ (bytes[start - combined + i] ?? 0);
  }
  out.length = start;
}

function escaped(out: ByteBuffer, text: string): void {
  const start = out.length;
  out.text(text);
  escape(out, start);
}

/** Follows a short body by a mask of the bytes in it that could be taken for a kind. */
function escape(out: ByteBuffer, start: number): void {
  const length = out.length - start;
  if (length >= LONG_BODY) return out.replace(start, sha512(out.since(start)));
  out.zeros(length);
  const bytes = out.since(start);
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0 && byte < 30) bytes[length + i] = 1;
  }
}

/** `Array.isArray` alone does not narrow a readonly array. */
function isVector(value: object): value is readonly Edn[] {
  return Array.isArray(value);
}

function deeper(depth: number): number {
  if (depth < MAX_DEPTH) return depth + 1;
  throw new SyncError("CODEC_LIMIT", "nested too deeply to be hashed", {
    details: { limit: "maxDepth", max: MAX_DEPTH },
  });
}

function unsupported(value: unknown): Error {
  const kind = kindOf(value);
  if (kind === undefined) return new TypeError(`not an EDN value: ${typeof value}`);
  return new SyncError("CODEC_UNSUPPORTED", `hasch has no hash for a ${kind}`, {
    details: { kind },
  });
}
