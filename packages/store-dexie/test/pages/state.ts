/** What a store shows, in few bytes, wherever it is. */
import type { Store } from "@datahike-sync/core";
import { print } from "@datahike-sync/edn";

/** Equal for stores that show the same. */
export async function digestOf(store: Store): Promise<string> {
  const lines: string[] = [];
  for await (const { key } of store.keys())
    lines.push(print([key, (await store.get(key)) ?? null]));
  const text = new TextEncoder().encode(lines.sort().join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return `${lines.length} ${Array.from(digest, (byte) => byte.toString(16)).join(".")}`;
}
