import { isKind } from "./kind.ts";
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
  /** Not an extension, but may hold some. */
  toEdn(): Edn;
}

/**
 * The EDN form of an extension, which is none itself: so whoever goes down into forms comes to an end.
 *
 * @throws {TypeError} when it is.
 */
export function formOf(extension: Extension): Exclude<Edn, Extension> {
  const form = extension.toEdn();
  if (isKind(form, "extension"))
    throw new TypeError("the EDN form of an extension is an extension");
  return form;
}
