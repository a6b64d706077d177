/** What is simulated: by argument, so that it can be an engine with a fault. */
import type { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";

export interface Engine {
  readonly createSyncContext: typeof createSyncContext;
  readonly openStore: typeof openStore;
  readonly openObjectStore: typeof openObjectStore;
}
