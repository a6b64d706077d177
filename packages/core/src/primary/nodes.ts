/** Nodes that a walk has named, read and made ready to be sent. */
import { type Edn, identity, isSyncError, SyncError } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { ReadableStore } from "../store.ts";
import type { DiffStep } from "../walker.ts";
import { ChunkSize } from "./chunk-size.ts";
import { toSet, type WholeOperation } from "./wire-entry.ts";

export interface NodeReader {
  readonly store: ReadableStore;
  readonly codec: Codec;
  /** Roughly the bytes of one read. */
  readonly targetBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Reads nodes, several at once, in their order.
 *
 * @throws {SyncError} `NODE_MISSING` for one that is not there.
 */
export async function* readNodes(
  { store, codec, targetBytes, signal }: NodeReader,
  keys: AsyncIterable<Edn> | Iterable<Edn>,
): AsyncGenerator<readonly WholeOperation[], void> {
  const size = new ChunkSize(targetBytes);
  const read = async (chunk: readonly Edn[]) => {
    const entries = await store.getMany(chunk, { encoded: true });
    signal.throwIfAborted();
    size.note(entries);
    return entries.map((entry, at) => {
      if (entry !== undefined) return toSet("node", entry, codec);
      throw new SyncError("NODE_MISSING", "a node went while it was being sent", {
        details: { side: "to", path: [identity(chunk[at] ?? null)] },
      });
    });
  };
  let chunk: Edn[] = [];
  for await (const key of keys) {
    chunk.push(key);
    if (chunk.length < size.keys) continue;
    yield await read(chunk);
    chunk = [];
  }
  if (chunk.length > 0) yield await read(chunk);
}

/** The keys that a diff adds. */
export async function* added(steps: AsyncIterable<DiffStep>): AsyncGenerator<Edn, void> {
  for await (const { key } of steps) yield key;
}

/** Which side of a diff could not be read; `undefined` for any other error. */
export function missingSide(error: unknown): "from" | "to" | undefined {
  if (!isSyncError(error, "NODE_MISSING")) return undefined;
  return error.details["side"] === "from" ? "from" : "to";
}
