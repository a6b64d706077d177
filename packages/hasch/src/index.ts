/** @packageDocumentation Content hashes of EDN values, the same as Clojure's hasch gives. */
export { hash, uuid } from "./hash.ts";
export { squuid } from "./squuid.ts";
