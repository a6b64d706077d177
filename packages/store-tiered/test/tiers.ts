/** A tiered store on maps in memory, both of whose stores are observed. */
import { type ObjectRow, openObjectStore, type Store } from "@datahike-sync/core";
import { type MemoryMap, memoryDriver } from "@datahike-sync/store-memory";
import { type BackedOptions, TieredStore, type TierFailure } from "@datahike-sync/store-tiered";
import { type Observed, observed } from "./observed.ts";
import { codec } from "./subjects.ts";

export interface Tiers {
  readonly store: TieredStore;
  readonly frontend: Observed;
  readonly backend: Observed;
  /** What was reported, each as `tier lost: message`. */
  readonly failures: string[];
}

export interface TiersOptions
  extends Partial<Omit<BackedOptions, "frontend" | "backend" | "onError">> {
  readonly frontendMap?: MemoryMap<ObjectRow>;
  readonly backendMap?: MemoryMap<ObjectRow>;
  /** Whether the backend takes one opener at a time. Default false. */
  readonly exclusive?: boolean;
}

export async function openTiers(options: TiersOptions = {}): Promise<Tiers> {
  const { frontendMap, backendMap, exclusive = false, ...rest } = options;
  const frontend = observed(await openMap(frontendMap));
  const backend = observed(await openMap(backendMap, exclusive));
  const failures: string[] = [];
  const onError = (error: unknown, { tier, lost }: TierFailure) => {
    failures.push(`${tier} ${lost}: ${error instanceof Error ? error.message : "no error"}`);
  };
  const store = await TieredStore.open({
    ...rest,
    frontend: frontend.store,
    backend: backend.store,
    onError,
  });
  frontend.calls.length = 0;
  backend.calls.length = 0;
  return { store, frontend, backend, failures };
}

export function openMap(map?: MemoryMap<ObjectRow>, exclusive = false): Promise<Store> {
  return openObjectStore({ ...memoryDriver(map), exclusive }, { codec });
}
