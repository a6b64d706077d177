/** @packageDocumentation What the branches of a Datahike store reach. */
export {
  DATAHIKE_WALKER_DEFAULTS,
  type DatahikeWalkerOptions,
  datahikeWalker,
} from "./datahike-walker.ts";
export {
  commitIdOf,
  type DbRecord,
  type IndexEntry,
  isDbRecord,
  parentsOf,
  toDbRecord,
} from "./db-record.ts";
