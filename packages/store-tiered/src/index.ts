/** @packageDocumentation A fast frontend before a durable backend, as one store. */
export {
  type BackedOptions,
  type OverlayOptions,
  type ReadPolicy,
  type SyncStrategy,
  TIERED_STORE_DEFAULTS,
  TieredStore,
  type TieredStoreOptions,
  type TierFailure,
  type WritePolicy,
} from "./tiered-store.ts";
export { type WalkSyncOptions, type WalkSyncProgress, walkSync } from "./walk-sync.ts";
