/** @packageDocumentation What persistent sorted sets reach: walked, compared, told apart. */
export { CountedSource } from "./counted-source.ts";
export { type DiffSide, onSide } from "./diff-side.ts";
export { type PssWalkerOptions, pssWalker } from "./pss-walker.ts";
export { presentKeys, requirePresent, type Tree } from "./tree.ts";
export {
  diffTrees,
  type TreeDifference,
  type TreeDiffOptions,
} from "./tree-diff.ts";
export { TreeWalk, type TreeWalkOptions } from "./tree-walk.ts";
