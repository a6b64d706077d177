/** Makes a store of an ordered map: everything that a store promises, over what a driver does. */

import type { Codec } from "./codec.ts";
import { ByteRows } from "./driver-store/byte-rows.ts";
import { DriverStore } from "./driver-store/driver-store.ts";
import { type ObjectRow, ObjectRows } from "./driver-store/object-rows.ts";
import type { Store } from "./store.ts";
import type { StoreDriver } from "./store-driver.ts";

export interface OpenStoreOptions {
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** For drivers that keep bytes. */
export interface ByteStoreOptions extends OpenStoreOptions {
  /** Encodes keys, values and standings. A map is opened with the codec that it was written with. */
  readonly codec: Codec;
  readonly rows?: "bytes" | undefined;
}

/** For drivers that keep objects: nothing is encoded, and values stay as they came. */
export interface ObjectStoreOptions extends OpenStoreOptions {
  readonly rows: "objects";
  /** Encodes values for readers that ask for them encoded. Default none: those that came so only. */
  readonly codec?: Codec | undefined;
  /**
   * Without one nothing is kept of what was deleted, and a commit writes half the rows. A map is opened
   * always with, or always without. Default true.
   */
  readonly feed?: boolean | undefined;
}

/**
 * A store over a driver, which belongs to it from now on. Begins a new era.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for a map that was written with another codec or a later
 * version; `ENTRY_UNREADABLE` for one that is no store. The driver stays open then.
 */
export function openStore(driver: StoreDriver, options: ByteStoreOptions): Promise<Store>;
export function openStore(
  driver: StoreDriver<ObjectRow>,
  options: ObjectStoreOptions,
): Promise<Store>;
export function openStore(...args: ByteArguments | ObjectArguments): Promise<Store> {
  const now = args[1].now ?? Date.now;
  return isForObjects(args)
    ? DriverStore.open(args[0], new ObjectRows(args[1].codec, args[1].feed ?? true), now)
    : DriverStore.open(args[0], new ByteRows(args[1].codec), now);
}

type ByteArguments = [StoreDriver, ByteStoreOptions];
type ObjectArguments = [StoreDriver<ObjectRow>, ObjectStoreOptions];

function isForObjects(args: ByteArguments | ObjectArguments): args is ObjectArguments {
  return args[1].rows === "objects";
}
