/** Makes a store of an ordered map: everything that a store promises, over what a driver does. */

import type { Codec } from "./codec.ts";
import { ByteRows } from "./driver-store/byte-rows.ts";
import { DriverStore } from "./driver-store/driver-store.ts";
import type { Store } from "./store.ts";
import type { StoreDriver } from "./store-driver.ts";

export interface OpenStoreOptions {
  /** Encodes keys, values and standings. A map is opened with the codec that it was written with. */
  readonly codec: Codec;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * A store over a driver that keeps bytes, which belongs to it from now on. Begins a new era.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for a map that was written with another codec or a later
 * version; `ENTRY_UNREADABLE` for one that is no store. The driver stays open then.
 */
export function openStore(
  driver: StoreDriver,
  { codec, now = Date.now }: OpenStoreOptions,
): Promise<Store> {
  return DriverStore.open(driver, new ByteRows(codec), now);
}
