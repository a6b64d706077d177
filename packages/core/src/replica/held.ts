/** What is here under the keys of nodes that came. */
import { type Edn, equals } from "@datahike-sync/edn";
import { type Encoded, isEncoded } from "../codec.ts";
import { sameBytes } from "../same-bytes.ts";
import type { EncodedEntry, Store } from "../store.ts";
import type { KeptSet } from "./stage-records.ts";

/** Nothing, the very value, or another. */
export type Held = "nothing" | "same" | "other";

/** What each of these, in their order, would replace. */
export async function heldFor(store: Store, nodes: readonly KeptSet[]): Promise<readonly Held[]> {
  const held = await readHeld(
    store,
    nodes.map(({ key }) => key),
  );
  return nodes.map(({ value }, at) => {
    const other = held[at];
    if (other === undefined) return "nothing";
    return isSame(other, value) ? "same" : "other";
  });
}

async function readHeld(
  store: Store,
  keys: readonly Edn[],
): Promise<(EncodedEntry | { readonly value: Edn } | undefined)[]> {
  try {
    return await store.getMany(keys, { encoded: true });
  } catch (error) {
    // A store in memory without a codec: what was written there has no bytes.
    if (!(error instanceof TypeError)) throw error;
    const values = await store.getMany(keys);
    return values.map((value) => (value === undefined ? undefined : { value }));
  }
}

function isSame({ value: held }: EncodedEntry | { readonly value: Edn }, value: Encoded): boolean {
  if (!isEncoded(held)) return equals(held, value.decode());
  if (held.codec === value.codec) return sameBytes(held.bytes, value.bytes);
  return equals(held.decode(), value.decode());
}
