/** Fields of messages about topics, checked as they are taken out. */
import {
  type Edn,
  type EdnMap,
  isKind,
  type Keyword,
  keyword,
  print,
  SyncError,
  type Uuid,
} from "@datahike-sync/edn";

export const TYPE: Keyword = keyword("type");
export const ID: Keyword = keyword("id");
export const BATCH: Keyword = keyword("batch-idx");
export const ERROR: Keyword = keyword("error");

/** A field that may have any value but `nil`. */
export function valueOf(message: EdnMap, field: Keyword): Edn {
  const value = message.get(field) ?? null;
  if (value === null) throw malformed(message, field);
  return value;
}

export function uuidOf(message: EdnMap, field: Keyword): Uuid {
  const value = message.get(field);
  if (!isKind(value, "uuid")) throw malformed(message, field);
  return value;
}

/** A whole number, at least 0. */
export function countOf(message: EdnMap, field: Keyword): number {
  const value = message.get(field);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(message, field);
  }
  return value;
}

/** The items of a set, or of a vector, as which some codecs bring one. */
export function itemsOf(message: EdnMap, field: Keyword): readonly Edn[] {
  const value = message.get(field);
  if (isKind(value, "set")) return [...value];
  if (isVector(value)) return value;
  throw malformed(message, field);
}

export function mapOf(message: EdnMap, field: Keyword): EdnMap {
  const value = message.get(field);
  if (!isKind(value, "map")) throw malformed(message, field);
  return value;
}

/** The error for a message that lacks a field, or has another kind of value there. */
export function malformed(message: EdnMap, field: Keyword): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "a message about a topic lacks what it needs", {
    details: { type: print(message.get(TYPE) ?? null), field: field.name },
  });
}

// `Array.isArray` forgets what is in a readonly array.
function isVector(value: Edn | undefined): value is readonly Edn[] {
  return Array.isArray(value);
}
