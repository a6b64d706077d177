/** Where a store's rows lie in its driver's map, and how identities become keys there. */
import { type Edn, identity, type Uuid } from "@datahike-sync/edn";
import type { FeedPosition } from "../feed.ts";
import type { DriverKey, DriverRange } from "../store-driver.ts";

/** What every commit expects and replaces. */
export const HEADER_KEY: DriverKey = "h";
/** Beside the header, because it changes seldom and may be long. */
export const ERAS_KEY: DriverKey = "a";
/** One row per key that there is or was. */
export const ENTRIES: DriverRange = { gte: "e", lt: "f" };

/**
 * Where it is kept what is known of a key: its identity as printable ASCII. Two keys share it exactly
 * when they are equal, so it is also what the engine knows keys by.
 */
export function entryKey(key: Edn): DriverKey {
  const id = identity(key);
  return `e${PRINTABLE.test(id) ? id : id.replace(UNPRINTABLE, escapeUnit)}`;
}

/** The value of the key with this entry, where it has a row of its own. */
export function valueKey(entry: DriverKey): DriverKey {
  return `v${entry.slice(1)}`;
}

/** A place in the feed. The order of these keys is the feed's. */
export function feedKey(seq: number, place: number): DriverKey {
  return feedKeyIn(feedPrefix(seq), place);
}

/** What the places of one commit begin with: it is made once for all of them. */
export function feedPrefix(seq: number): string {
  return `f${hex(seq, 14)}`;
}

/** A place in the commit with this prefix. */
export function feedKeyIn(prefix: string, place: number): DriverKey {
  return prefix + hex(Math.min(place, MAX_PLACE), 8);
}

/** The place that has this key. */
export function feedPosition(key: DriverKey): FeedPosition {
  return {
    seq: Number.parseInt(key.slice(1, 15), 16),
    place: Number.parseInt(key.slice(15), 16),
  };
}

/** The feed behind a place. */
export function feedAfter({ seq, place }: FeedPosition): DriverRange {
  return { gt: feedKey(seq, place), lt: "g" };
}

/** The standing of a subscription. */
export function standingKey(storeId: Uuid): DriverKey {
  return `s${storeId.identity}`;
}

/** A record of a subscription's stage. */
export function stageKey(storeId: Uuid, number: number): DriverKey {
  return `g${storeId.identity}${hex(number, 14)}`;
}

/** The number of the record that has this key. */
export function stageNumber(key: DriverKey): number {
  return Number.parseInt(key.slice(-14), 16);
}

/** All records of a subscription's stage. */
export function stageRange(storeId: Uuid): DriverRange {
  return { gte: `g${storeId.identity}`, lt: `g${storeId.identity}~` };
}

const MAX_PLACE = 0xffff_ffff;
const PRINTABLE = /^[ -$&-~]*$/;
const UNPRINTABLE = /[^ -$&-~]/g;

function escapeUnit(unit: string): string {
  return `%${hex(unit.charCodeAt(0), 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
