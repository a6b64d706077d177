/** @packageDocumentation Datahike's persistent sorted set: its nodes, their order, reading an index. */
export { type Attribute, Datom, toDatom } from "./datom.ts";
export {
  DatomIndex,
  DEFAULT_PREFETCH,
  type IndexOptions,
  openIndex,
  type SliceOptions,
} from "./datom-index.ts";
export { compareAttributes, type DatomOrder, type DatomPrefix, datomOrder } from "./datom-order.ts";
export { firstPlace } from "./first-place.ts";
export {
  Branch,
  type IndexType,
  Leaf,
  MAX_LEVEL,
  RootHandle,
  type TreeNode,
  toNode,
} from "./node.ts";
export { CACHED_NODES, NodeCache } from "./node-cache.ts";
export { NodePath } from "./node-path.ts";
export type { NodeSource } from "./node-source.ts";
export { checkNode, missingNode, type NodePlace, readNode, readNodes } from "./read-nodes.ts";
export { cborHandlers, fressianHandlers } from "./readers.ts";
export type { SliceBounds } from "./slice.ts";
export { compareValues } from "./value-order.ts";
