/** What a process of the bench is to be. */
import { type DataName, kindOf } from "./data/data.ts";
import { STORES } from "./stores.ts";
import type { Setup } from "./system.ts";

/** Sent to both sides before anything else. */
export interface Cast {
  readonly system: string;
  readonly data: DataName;
  readonly store: string;
}

/** @throws {RangeError} when there is no such kind of store. */
export function setupOf({ data, store }: Cast): Setup {
  const { codec, walker } = kindOf(data);
  const open = STORES[store];
  if (open === undefined) throw new RangeError(`no store is called ${store}`);
  return { codec, walker, openStore: () => open(codec) };
}
