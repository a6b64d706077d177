/** The pointers of a store as they are at one moment. */
import { type Edn, identity } from "@datahike-sync/edn";
import type { StepCursor } from "../feed.ts";
import { sameBytes } from "../same-bytes.ts";
import type { EncodedEntry } from "../store.ts";
import type { PointerState, Walker } from "../walker.ts";
import type { WalkSource } from "./walk-source.ts";

/** A pointer's key, and what names its value; nil where nothing does. */
export type Token = readonly [key: Edn, token: Edn];

export interface Pins {
  readonly entries: readonly EncodedEntry[];
  /** The same, as walkers take them. */
  readonly states: readonly PointerState[];
  readonly cursor: StepCursor;
  /** What replicas keep of them. */
  readonly tokens: readonly Token[];
  /** Whether nodes that they do not reach may be replaced under their keys. */
  readonly recycles: boolean;
}

/** Reads the pointers as one, at a moment at which the store is whole. */
export async function pin(source: WalkSource, walker: Walker, signal: AbortSignal): Promise<Pins> {
  for (;;) {
    await source.untilWhole(signal);
    const { entries, last } = await readPointers(source, walker, signal);
    const cursor = await source.cursorAt(last, signal);
    if (cursor === undefined) continue;
    const states = entries.map(({ key, value }) => ({ key, value: value.decode() }));
    return {
      entries,
      states,
      cursor,
      tokens: states.map(({ key, value }): Token => [key, walker.token(value) ?? null]),
      recycles: states.some(({ value }) => walker.recycles(value)),
    };
  }
}

/** Whether two moments show the same values. */
export function isSamePins(a: Pins, b: Pins): boolean {
  if (a.entries.length !== b.entries.length) return false;
  const values = new Map(a.entries.map((entry) => [identity(entry.key), entry]));
  return b.entries.every((entry) => {
    const other = values.get(identity(entry.key));
    return other !== undefined && sameBytes(other.value.bytes, entry.value.bytes);
  });
}

/** All pointers, whose number only the values of some tell, in one read. */
async function readPointers(
  source: WalkSource,
  walker: Walker,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly EncodedEntry[]; readonly last: number }> {
  const keys = new Map<string, Edn>();
  for (let named = walker.pointers([]); ; ) {
    for (const key of named) keys.set(identity(key), key);
    const read = await source.readMany(Array.from(keys.values()));
    signal.throwIfAborted();
    const entries = read.entries.filter((entry) => entry !== undefined);
    const known = entries.map(({ key, value }) => ({ key, value: value.decode() }));
    named = walker.pointers(known);
    const ids = new Set(named.map(identity));
    if (Array.from(ids).every((id) => keys.has(id))) {
      // What no pointer names any more is none, though it may still be there.
      return { entries: entries.filter(({ key }) => ids.has(identity(key))), last: read.last };
    }
  }
}
