import type { Operation, ReadableStore } from "@datahike-sync/core";
import { type Edn, equals } from "@datahike-sync/edn";

/** Whether a store shows already what these operations would make of it. */
export async function isShown(
  store: ReadableStore,
  operations: readonly Operation[],
): Promise<boolean> {
  for (const operation of operations) {
    const value = await store.get(operation.key);
    // `as`: what is kept back came decoded.
    const wanted = operation.op === "delete" ? undefined : (operation.value as Edn);
    if (value === undefined || wanted === undefined) {
      if (value !== wanted) return false;
    } else if (!equals(value, wanted)) {
      return false;
    }
  }
  return true;
}
