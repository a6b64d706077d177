/** Copies what a walker finds, and nothing else, from one store into another. */
import {
  type EncodedEntry,
  type ReadableStore,
  type SetOperation,
  type Store,
  SyncError,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, print } from "@datahike-sync/edn";

export interface CopyResult {
  /** Keys that the pointers reach, the pointers included. */
  readonly reachable: number;
  /** Keys written into the target. */
  readonly copied: number;
  /** Bytes of their encoded values. */
  readonly bytes: number;
}

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((copied: number) => void) | undefined;
}

/** Nodes in one commit: enough to keep reads in flight, few enough to keep memory flat. */
const NODES_PER_COMMIT = 64;

/**
 * Copies everything that the source's pointers reach. Nodes go first, in the walk's order, so that
 * whatever a node names is there before it; the pointers go last, in one commit, with the values that
 * were walked. Node values pass through undecoded. The target needs the source's codec.
 */
export async function copyReachable(
  source: ReadableStore,
  target: Store,
  walker: Walker,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const { signal, onProgress } = options;
  const pointers: SetOperation[] = [];
  let nodes: Edn[] = [];
  let [reachable, copied, bytes] = [0, 0, 0];
  const flush = async () => {
    const entries = await source.getMany(nodes, { encoded: true, signal });
    const operations = entries.map((entry, index) => setOf(entry, nodes[index] ?? null));
    await target.write(operations);
    for (const entry of entries) bytes += entry?.value.bytes.length ?? 0;
    copied += nodes.length;
    nodes = [];
    onProgress?.(copied);
  };
  for await (const step of walker.walk(source, { signal })) {
    reachable++;
    if (step.class === "pointer") {
      const { key, value, meta } = step;
      pointers.push({ op: "set", key, value, ...meta });
    } else {
      nodes.push(step.key);
      if (nodes.length === NODES_PER_COMMIT) await flush();
    }
  }
  await flush();
  await target.write(pointers);
  const written = await target.getMany(
    pointers.map(({ key }) => key),
    { encoded: true, signal },
  );
  for (const entry of written) bytes += entry?.value.bytes.length ?? 0;
  copied += written.length;
  onProgress?.(copied);
  return { reachable, copied, bytes };
}

/** A node that the walk named and that is gone now: somebody collects garbage while we copy. */
function setOf(entry: EncodedEntry | undefined, key: Edn): SetOperation {
  if (entry === undefined) {
    throw new SyncError("NODE_MISSING", "a node went away while it was copied", {
      details: { key: print(key) },
    });
  }
  return { op: "set", ...entry };
}
