/** Entries as the wire carries them: classes told, values in the codec of the line. */
import type { Edn } from "@datahike-sync/edn";
import { binary, type Codec, type Encoded, encoded, isEncoded } from "../codec.ts";
import type { FeedOperation } from "../feed.ts";
import type { EncodedEntry, EntryMeta } from "../store.ts";
import type { WireDelete, WireOperation, WireSet } from "../wire/operations.ts";

/** An operation that is whole: everything but a part. */
export type WholeOperation = WireDelete | (WireSet & { readonly value: Encoded });

/** A row of a feed, or an operation of a commit, in a store without a walker. */
export function toWire(operation: FeedOperation, codec: Codec): WholeOperation {
  if (operation.op === "delete") return toDelete(operation.key, operation);
  return toSet(operation.immutable ? "node" : "cell", operation, codec);
}

export function toSet(
  op: WireSet["op"],
  entry: EncodedEntry | (EntryMeta & { readonly key: Edn; readonly value: Edn | Encoded }),
  codec: Codec,
): WireSet & { readonly value: Encoded } {
  const { key, type, immutable, lastWrite } = entry;
  return { op, key, type, immutable, lastWrite, value: toSession(entry.value, type, codec) };
}

/** Says of a key that it is gone, or that it is not for this subscription. */
export function toDelete(key: Edn, { type, immutable, lastWrite }: EntryMeta): WireDelete {
  return { op: immutable ? "deleteNode" : "delete", key, type, immutable, lastWrite };
}

/** The bytes that an operation's value has. */
export function bytesOf(operation: WireOperation): number {
  if (operation.op === "part") return operation.bytes.length;
  return "value" in operation ? (operation.value?.bytes.length ?? 0) : 0;
}

/** The store's bytes as they are, where they are of the session's codec. */
function toSession(value: Edn | Encoded, type: EntryMeta["type"], codec: Codec): Encoded {
  if (isEncoded(value)) {
    if (value.codec === codec.name || type === "binary") return value;
    return encoded(codec, codec.encode(value.decode()));
  }
  if (type === "binary" && value instanceof Uint8Array) return binary(value);
  return encoded(codec, codec.encode(value));
}
