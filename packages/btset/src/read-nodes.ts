/** Reads nodes of a tree from a store, and refuses what is missing or out of place. */
import { type Edn, kindOf, SyncError } from "@datahike-sync/edn";
import { RootHandle, type TreeNode, toNode } from "./node.ts";
import type { NodePath } from "./node-path.ts";
import type { NodeSource } from "./node-source.ts";

/** A node that somebody names, where it stands in the tree. */
export interface NodePlace {
  /** Its own address last. */
  readonly path: NodePath;
  /** Its level as its parent has it; `undefined` for a root, which may be of any. */
  readonly level: number | undefined;
}

/**
 * The nodes at these places, in this order, read as one.
 *
 * @throws {SyncError} `NODE_MISSING` with `details.path` when one is not there, `CODEC_INVALID` when
 * one is no node or of another level than its place: that a tree names itself is found here.
 */
export async function readNodes(
  store: NodeSource,
  places: readonly NodePlace[],
  signal?: AbortSignal,
): Promise<TreeNode[]> {
  const addresses = places.map(({ path }) => path.key);
  const values = await store.getMany(addresses, { signal });
  return places.map((place, index) => checkNode(values[index], place));
}

/** As {@link readNodes} of a single place. */
export async function readNode(
  store: NodeSource,
  place: NodePlace,
  signal?: AbortSignal,
): Promise<TreeNode> {
  return checkNode(await store.get(place.path.key, { signal }), place);
}

/**
 * The node that this value is, if it fits its place.
 *
 * @throws {SyncError} As {@link readNodes}.
 */
export function checkNode(value: Edn | undefined, { path, level }: NodePlace): TreeNode {
  if (value === undefined) throw missingNode(path);
  const node = toNode(value);
  if (node === undefined || node instanceof RootHandle) {
    throw misplaced(
      path,
      `${node === undefined ? kindOf(value) : "root handle"} instead of a node`,
    );
  }
  if (level !== undefined && node.level !== level) {
    throw misplaced(path, `a node of level ${node.level} where ${level} is due`);
  }
  return node;
}

/** The error of a node that is not there, with the path to it. */
export function missingNode(path: NodePath): SyncError {
  return new SyncError("NODE_MISSING", "a node that a pointer reaches is not in the store", {
    details: { path: path.toSteps() },
  });
}

function misplaced(path: NodePath, problem: string): SyncError {
  return new SyncError("CODEC_INVALID", `malformed index tree: ${problem}`, {
    details: { path: path.toSteps() },
  });
}
