/** Branches that are gone, of which a server never tells. */
import type { DeleteOperation, PointerState, Store, Walker } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import type { KeptBack } from "./kept.ts";

export interface StaleHeadsOptions {
  readonly store: Store;
  readonly walker: Walker;
  /** What the handshake has brought and is not shown yet. */
  readonly kept: KeptBack;
  /** By identity: cells of the subscription that the handshake did not mention. */
  readonly unmentioned: ReadonlyMap<string, Edn>;
}

/**
 * Deletes of heads that the set of branches no longer names. Only when that set, and every head that it
 * names, was mentioned: else the handshake may have been cut short.
 */
export async function staleHeads(
  pointers: readonly PointerState[],
  { store, walker, kept, unmentioned }: StaleHeadsOptions,
): Promise<DeleteOperation[]> {
  const named = new Set(pointers.map(({ key }) => identity(key)));
  const isNamed = pointers.some(({ value }) => walker.children(value).some(isPointer));
  if (!isNamed || [...named].some((id) => unmentioned.has(id))) return [];
  const stale: DeleteOperation[] = [];
  for (const [id, key] of unmentioned) {
    if (named.has(id) || !isPointer(key)) continue;
    const value = await store.get(key);
    if (value !== undefined && isHead(value)) stale.push({ op: "delete", key });
  }
  for (const operation of kept.operations(walker)) {
    const { key } = operation;
    if (operation.op === "delete" || named.has(identity(key)) || !isPointer(key)) continue;
    // `as`: what is kept back came decoded.
    if (isHead(operation.value as Edn)) stale.push({ op: "delete", key });
  }
  return stale;

  function isPointer(key: Edn): boolean {
    return walker.classify(key) === "pointer";
  }

  /** What else is under a key like that of a head has no token. */
  function isHead(value: Edn): boolean {
    return walker.token(value) !== undefined;
  }
}
