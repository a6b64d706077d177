/** A writer's operations, taken over: nothing that the writer does later reaches them. */
import type { Encoded, EntryMeta, Operation, SetOperation } from "@datahike-sync/core";
import { type Edn, snapshot } from "@datahike-sync/edn";
import { fileName } from "./file-name.ts";
import type { Format } from "./format.ts";

export type Change = SetChange | DeleteChange;

export interface SetChange {
  readonly op: "set";
  /** Of the entry's file. */
  readonly name: string;
  readonly key: Edn;
  readonly value: Encoded;
  readonly type: EntryMeta["type"];
  /** `undefined` for now, or for what is there already. */
  readonly lastWrite: number | undefined;
  readonly immutable: boolean;
  readonly rewrite: boolean;
}

export interface DeleteChange {
  readonly op: "delete";
  readonly name: string;
  readonly key: Edn;
}

/**
 * What the store does for an operation.
 *
 * @throws {TypeError} when key or value is none of EDN or of the operation's type.
 * @throws {RangeError} when `lastWrite` is no time.
 * @throws {SyncError} `CODEC_UNSUPPORTED` for a key that hasch, or a value that the codec has no form for.
 */
export function toChange(operation: Operation, format: Format): Change {
  return operation.op === "delete"
    ? toDelete(operation.key)
    : toSet(operation.key, operation.value, operation, format);
}

export function toDelete(key: Edn): DeleteChange {
  return { op: "delete", name: fileName(key), key: snapshot(key) };
}

export function toSet(
  key: Edn,
  given: SetOperation["value"],
  options: Omit<SetOperation, "op" | "key" | "value">,
  format: Format,
): SetChange {
  const { type = "edn", lastWrite, immutable = false, rewrite = false } = options;
  const isTime = Number.isSafeInteger(lastWrite) && Math.abs(lastWrite ?? 0) <= LATEST;
  if (lastWrite !== undefined && !isTime) {
    throw new RangeError("lastWrite is a whole number of milliseconds, as a Date has them");
  }
  return {
    op: "set",
    name: fileName(key),
    key: snapshot(key),
    value: format.keep(given, type),
    type,
    lastWrite,
    immutable,
    rewrite,
  };
}

/** The last millisecond of a `Date`, which is what konserve keeps. */
export const LATEST = 8.64e15;
