/** What a primary and a crowd of its replicas, each in a process of its own, know of each other. */
import { createHash } from "node:crypto";
import type { Store } from "@datahike-sync/core";
import { storeId } from "@datahike-sync/core/store-id";
import type { Uuid } from "@datahike-sync/edn";

export const CROWD_STORE: Uuid = storeId({ id: "crowd" });

/** Commits of which each replica is to be told once, and in order, have keys of their own. */
export const COMMIT_KEY = "commit ";

/** A key whose value ends a chapter: whoever has it says what else it has. */
export const CHAPTER_KEY = "chapter";

/** Ends when the replicas are live for the first time; no commit says so. */
export const FIRST_CHAPTER = 0;

/** What a crowd takes without an acknowledgement: so little that catching up takes several rounds. */
export const WINDOW_BYTES: number = 16 * 2 ** 10;

/** What the replicas have when all of them have a chapter. */
export interface Report {
  readonly chapter: number;
  /** Of all stores, each once: one where all hold the same. */
  readonly digests: readonly string[];
  /** How many of the numbered commits the replicas were told of, each number once. */
  readonly told: readonly number[];
  /** How many replicas were told of a commit twice, late, or not at all. */
  readonly disordered: number;
  /** How often somebody was turned away, because others were catching up. */
  readonly refusals: number;
}

/** Equal where two stores hold the same. */
export async function digestOf(store: Store): Promise<string> {
  const keys: string[] = [];
  for await (const { key } of store.keys()) {
    if (typeof key === "string") keys.push(key);
  }
  const hash = createHash("sha256");
  for (const key of keys.toSorted()) {
    hash.update(key);
    hash.update((await store.get(key, { encoded: true }))?.value.bytes ?? "");
  }
  return hash.digest("hex");
}
