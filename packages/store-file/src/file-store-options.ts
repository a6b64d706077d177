import type { Codec } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import type { Compression } from "./compression.ts";

export interface FileStoreOptions {
  /** The folder. It is made where it is not there, unless the store is `readOnly`. */
  readonly path: string;
  /**
   * Reads and writes the entries. A folder of mixed files needs several, of which each reads those that
   * name its serializer: `"fressian"` konserve's 1, `"cbor"` 2 and 3, `"edn"` 0. The first one writes.
   */
  readonly codec: Codec | readonly Codec[];
  /** Nothing is ever written to the folder, nor beside it, and others may write it. Default false. */
  readonly readOnly?: boolean | undefined;
  /** How what is written is compressed. What is read says so itself. Default `"none"`. */
  readonly compression?: Compression | undefined;
  /**
   * The `:key` of konserve's `:encryptor`. What is written is encrypted with it, but for values of type
   * `"binary"`, as in konserve. Default: nothing is encrypted.
   */
  readonly encryptionKey?: Edn | undefined;
  /**
   * The longest file that a value is read from, and the longest value or metadata that one expands
   * to, in bytes. Default 64 MiB.
   */
  readonly maxValueBytes?: number | undefined;
  /** The time of day, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** What holds unless options say otherwise. */
export const FILE_STORE_DEFAULTS: { readonly maxValueBytes: number } = {
  maxValueBytes: 64 * 2 ** 20,
};
