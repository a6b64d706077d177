/** The hash of a value, and the UUID that hasch makes of it. */
import { type Edn, Uuid } from "@datahike-sync/edn";
import { digestOf } from "./coerce.ts";

/**
 * The 64 bytes that `hasch.core/edn-hash` gives for this value, in an array of their own.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for a kind that hasch does not hash, which `details.kind`
 * names: a ratio, regular expression, URI, raw list, tagged value or number array.
 * @throws {SyncError} `CODEC_LIMIT` when collections are nested more than 1000 deep.
 * @throws {TypeError} for what is no EDN value.
 */
export function hash(value: Edn): Uint8Array {
  return digestOf(value);
}

/**
 * The UUID that `hasch.core/uuid` gives for this value: 122 bits of its {@link hash}. It names the
 * value's file in a konserve folder, and a store by its configuration. Throws as {@link hash}.
 */
export function uuid(value: Edn): Uuid {
  const digest = digestOf(value);
  return new Uuid(
    wordAt(digest, 0) & 0x3fffffff,
    (wordAt(digest, 4) & 0xffff0fff) | 0x5000,
    (wordAt(digest, 8) & 0x3fffffff) | 0x80000000,
    wordAt(digest, 12),
  );
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return (a << 24) | (b << 16) | (c << 8) | d;
}
