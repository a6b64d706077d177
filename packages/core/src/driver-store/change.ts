/** A writer's operations, taken over: nothing that the writer does later reaches them. */
import { type Edn, snapshot } from "@datahike-sync/edn";
import type { EntryMeta, Operation, SetOperation } from "../store.ts";
import type { DriverKey } from "../store-driver.ts";
import { entryKey } from "./driver-keys.ts";
import { type Kept, type RowFormat, sizeOf } from "./row-format.ts";

export type Change = SetChange | DeleteChange;

export interface SetChange {
  readonly op: "set";
  /** The driver key of the entry's row. */
  readonly id: DriverKey;
  readonly key: Edn;
  readonly value: Kept;
  readonly size: number;
  readonly type: EntryMeta["type"];
  /** `undefined` for now, or for what is there already. */
  readonly lastWrite: number | undefined;
  readonly immutable: boolean;
  readonly rewrite: boolean;
}

export interface DeleteChange {
  readonly op: "delete";
  readonly id: DriverKey;
  readonly key: Edn;
}

/**
 * What the store does for an operation.
 *
 * @throws {TypeError} when key or value is none of EDN or of the operation's type.
 * @throws {RangeError} when `lastWrite` is no safe integer.
 */
export function toChange<Row>(operation: Operation, format: RowFormat<Row>): Change {
  return operation.op === "delete"
    ? toDelete(operation.key)
    : toSet(operation.key, operation.value, operation, format);
}

export function toDelete(key: Edn): DeleteChange {
  return { op: "delete", id: entryKey(key), key: snapshot(key) };
}

export function toSet<Row>(
  key: Edn,
  given: SetOperation["value"],
  options: Omit<SetOperation, "op" | "key" | "value">,
  format: RowFormat<Row>,
): SetChange {
  const { type = "edn", lastWrite, immutable = false, rewrite = false } = options;
  if (lastWrite !== undefined && !Number.isSafeInteger(lastWrite)) {
    throw new RangeError("lastWrite is a whole number of milliseconds");
  }
  const value = format.keep(given, type);
  return {
    op: "set",
    id: entryKey(key),
    key: snapshot(key),
    value,
    size: sizeOf(value),
    type,
    lastWrite,
    immutable,
    rewrite,
  };
}
