/** What a frontend has, as it says itself: as of when it is good, and whether it is everything. */
import type { Cursor, FeedState, Store } from "@datahike-sync/core";
import { type Edn, type Keyword, keyword } from "@datahike-sync/edn";

/** Where a frontend keeps its {@link Mark}. */
export const MARK_KEY: Keyword = keyword("datahike-sync.store-tiered/mark");

/** True as long as a frontend has every entry of its backend, false while it is being filled. */
export const COMPLETE_KEY: Keyword = keyword("datahike-sync.store-tiered/complete");

/** What a frontend has followed. */
export interface Mark {
  /** All entries are the backend's after this commit, or after a later one. */
  readonly cursor: Cursor;
  /** The number of the last commit that any of them is of. */
  readonly top: number;
}

export function isMark(key: Edn): boolean {
  return key === MARK_KEY || key === COMPLETE_KEY;
}

export function toMarkValue({ cursor: { era, seq }, top }: Mark): Edn {
  return [era, seq, top];
}

export async function readMark(frontend: Store): Promise<Mark | undefined> {
  const value = await frontend.get(MARK_KEY);
  if (!Array.isArray(value)) return undefined;
  const [era, seq, top] = value as readonly Edn[];
  if (typeof era !== "string" || typeof seq !== "number" || typeof top !== "number") {
    return undefined;
  }
  return { cursor: { era, seq }, top };
}

/**
 * Whether a frontend with this mark can be brought up to date by the backend's feed. It cannot when
 * tombstones since are forgotten, or when the backend has lost commits in a crash that the frontend has.
 */
export function isGood({ cursor, top }: Mark, { eras, last, floor }: FeedState): boolean {
  const at = eras.findIndex(({ id }) => id === cursor.era);
  const end = eras[at + 1]?.after ?? last;
  return at >= 0 && cursor.seq >= floor && top <= end;
}

/**
 * Begins to fill a frontend that nobody has open. Until {@link endMark} it is not good as of any commit.
 *
 * @returns As of when it will be; `undefined` for a frontend of which nobody knows what it has.
 */
export async function beginMark(frontend: Store, backend: Store): Promise<Cursor | undefined> {
  if (!backend.capabilities.feed) return undefined;
  // Before anything is read.
  const now = cursorOf(await backend.feed());
  const known = (await readMark(frontend))?.cursor;
  const isEmpty = known === undefined && (await frontend.keys().next()).done === true;
  const cursor = isEmpty ? now : known;
  if (cursor !== undefined) {
    const mark = { cursor, top: Number.MAX_SAFE_INTEGER };
    await frontend.set(MARK_KEY, toMarkValue(mark));
  }
  return cursor;
}

/** What a frontend was filled with is of no later commit than the backend has now. */
export async function endMark(frontend: Store, backend: Store, cursor: Cursor): Promise<void> {
  const { last } = await backend.feed();
  await frontend.set(MARK_KEY, toMarkValue({ cursor, top: last }));
}

/** Removes everything from a frontend; what it says of itself first, so that it is not believed half-way. */
export async function clearFrontend(frontend: Store): Promise<void> {
  let chunk: Edn[] = [MARK_KEY, COMPLETE_KEY];
  const flush = async () => {
    await frontend.write(chunk.map((key) => ({ op: "delete", key })));
    chunk = [];
  };
  await flush();
  for await (const { key } of frontend.keys()) {
    if (chunk.push(key) === CHUNK) await flush();
  }
  if (chunk.length > 0) await flush();
}

/** Those of these keys that a frontend does not have. */
export async function lackingOf(frontend: Store, keys: readonly Edn[]): Promise<readonly Edn[]> {
  const has = await Promise.all(keys.map((key) => frontend.has(key)));
  return keys.filter((_, at) => has[at] !== true);
}

const CHUNK = 256;

/** Where a store stood when it told this. */
export function cursorOf({ eras, last }: FeedState): Cursor {
  return { era: eras.at(-1)?.id ?? "", seq: last };
}
