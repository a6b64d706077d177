/** An engine that does nothing: what a world does by itself can be seen with it. */

import type { Engine } from "@datahike-sync/conformance/simulation";
import type { SyncContext } from "@datahike-sync/core";
import { openObjectStore, openStore } from "@datahike-sync/core";

const STATUS = {
  phase: "connecting",
  consistent: true,
  cursor: undefined,
  lag: 0,
  skipped: 0,
  error: undefined,
} as const;

export const IDLE_ENGINE: Engine = {
  openObjectStore,
  openStore,
  createSyncContext: () =>
    ({
      registerStore: () => ({ refresh: () => undefined, unregister: () => undefined }),
      serve: () => () => undefined,
      onEvent: () => () => undefined,
      close: async () => undefined,
      subscribe: () => ({
        status: STATUS,
        close: async () => undefined,
        verify: async () => ({ entries: 0, missing: 0, different: 0, extra: 0 }),
        repair: async () => undefined,
        prune: async () => 0,
        synced: async () => undefined,
        awaitCursor: () => new Promise(() => undefined),
      }),
    }) as unknown as SyncContext,
};
