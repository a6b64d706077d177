import { formatItem, type Item, parseItem } from "./cbor-items.ts";

/** The same bytes without metadata, which the JVM writes around values and our values have not. */
export function withoutMetadata(bytes: Uint8Array): Uint8Array {
  const bare = (item: Item): Uint8Array | undefined => {
    const value = annotated(item);
    return value === undefined ? undefined : formatItem(value, bare);
  };
  return formatItem(parseItem(bytes), bare);
}

/** The value that an item wraps in metadata. */
function annotated({ major, argument, items: [pair] }: Item): Item | undefined {
  if (major !== 6 || argument !== 27) return undefined;
  const [name, content] = pair?.items ?? [];
  return new TextDecoder().decode(name?.string) === "clojure/with-meta"
    ? content?.items[1]
    : undefined;
}
