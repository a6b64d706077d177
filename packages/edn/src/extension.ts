import type { Edn } from "./value.ts";

/**
 * An object of another package that stands for an EDN value, such as an index node. It is equal to
 * its EDN form, prints, hashes and, in a codec without a handler for it, encodes as it.
 * Implementations are immutable.
 */
export interface Extension {
  readonly ednKind: "extension";
  /** That of the EDN form: `identity(this.toEdn())`. */
  readonly identity: string;
  toEdn(): Edn;
}
