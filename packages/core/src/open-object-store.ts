/** As `openStore`, of a map that keeps objects: apart, so that a page which keeps bytes does not load it. */

import type { Codec } from "./codec.ts";
import { DriverStore } from "./driver-store/driver-store.ts";
import { type ObjectRow, ObjectRows } from "./driver-store/object-rows.ts";
import type { Store } from "./store.ts";
import type { StoreDriver } from "./store-driver.ts";

export interface OpenObjectStoreOptions {
  /** Encodes values for readers that ask for them encoded. Default none: those that came so only. */
  readonly codec?: Codec | undefined;
  /**
   * Without one nothing is kept of what was deleted, and a commit writes half the rows. A map is opened
   * always with, or always without. Default true.
   */
  readonly feed?: boolean | undefined;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * A store over a driver that keeps objects, which belongs to it from now on: nothing is encoded, and values
 * stay as they came. Begins a new era.
 */
export function openObjectStore(
  driver: StoreDriver<ObjectRow>,
  { codec, feed = true, now = Date.now }: OpenObjectStoreOptions = {},
): Promise<Store> {
  return DriverStore.open(driver, new ObjectRows(codec, feed), now);
}
