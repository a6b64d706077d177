/** How far an interrupted walk has come, as the replica keeps it. */
import { type Edn, equals, identity, type Uuid } from "@datahike-sync/edn";
import type { StepChecksum } from "../step-checksum.ts";
import { bits64 } from "../wire/fields.ts";

/** The first so many keys of a diff between two states are at the replica. */
export interface WalkPosition {
  /** Tokens; nil where the walk began from nothing. */
  readonly from: Edn;
  readonly to: Edn;
  readonly count: number;
  /** Of these keys: whether a walk made again is the same. */
  readonly fingerprint: bigint;
}

export function writeWalkPosition(selection: Uuid, from: Edn, to: Edn, taken: StepChecksum): Edn {
  return [selection, from, to, taken.count, bits64.write(taken.fingerprint)];
}

/** Counts a key that was taken from the walk. */
export function countKey(taken: StepChecksum, key: Edn): void {
  taken.add("offer", identity(key), 0, 0);
}

/** Says of a catch-up that, interrupted, it cannot be continued. */
export function noPosition(selection: Uuid): Edn {
  return [selection];
}

/** A position of this selection; `undefined` for anything else. */
export function readWalkPosition(selection: Uuid, position: Edn): WalkPosition | undefined {
  if (!Array.isArray(position) || position.length !== 5) return undefined;
  // `as`: an array that is EDN is a vector.
  const [id = null, from = null, to = null, count, fingerprint] = position as readonly Edn[];
  if (!equals(id, selection) || typeof count !== "number") return undefined;
  if (!(fingerprint instanceof Uint8Array) || fingerprint.length !== 8) return undefined;
  return { from, to, count, fingerprint: bits64.read(fingerprint) };
}
