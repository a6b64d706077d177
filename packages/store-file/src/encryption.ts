/** The encryptors that a konserve header can name. */
import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";
import { type Edn, list, SyncError } from "@datahike-sync/edn";
import { hash } from "@datahike-sync/hasch";

/** Konserve's ids of them. */
export const ENCRYPTORS = { none: 0, aes: 1 } as const;

/**
 * What the bytes are without their encryption; the bytes themselves where they are plain.
 *
 * @throws {SyncError} `CODEC_UNSUPPORTED` for an encryptor that is not known, or when there is no key;
 * `CODEC_INVALID` when the key is another one or the bytes are damaged.
 */
export function decrypt(encryptor: number, bytes: Uint8Array, key: Edn | undefined): Uint8Array {
  switch (encryptor) {
    case ENCRYPTORS.none:
      return bytes;
    case ENCRYPTORS.aes:
      return decryptAes(bytes, key);
    default:
      throw new SyncError("CODEC_UNSUPPORTED", "an encryptor that is not known", {
        details: { encryptor },
      });
  }
}

/** The bytes as konserve's `:aes` encrypts them, with a salt of their own. */
export function encryptAes(bytes: Uint8Array, key: Edn): Uint8Array {
  const salt = randomFillSync(new Uint8Array(SALT_BYTES));
  const { secret, start } = secretsOf(salt, key);
  const cipher = createCipheriv("aes-256-cbc", secret, start);
  const body = cipher.update(bytes);
  const rest = cipher.final();
  const output = new Uint8Array(SALT_BYTES + body.length + rest.length);
  output.set(salt);
  output.set(body, SALT_BYTES);
  output.set(rest, SALT_BYTES + body.length);
  return output;
}

const SALT_BYTES = 64;
const BLOCK_BYTES = 16;

function decryptAes(bytes: Uint8Array, key: Edn | undefined): Uint8Array {
  if (key === undefined) {
    throw new SyncError("CODEC_UNSUPPORTED", "encrypted, and there is no encryptionKey", {
      details: { encryptor: ENCRYPTORS.aes },
    });
  }
  const length = bytes.length - SALT_BYTES;
  if (length < BLOCK_BYTES || length % BLOCK_BYTES !== 0) {
    throw new SyncError("CODEC_TRUNCATED", "not a whole number of encrypted blocks", {
      details: { offset: bytes.length },
    });
  }
  const { secret, start } = secretsOf(bytes.subarray(0, SALT_BYTES), key);
  const cipher = createDecipheriv("aes-256-cbc", secret, start);
  const plain = new Uint8Array(length);
  try {
    const body = cipher.update(bytes.subarray(SALT_BYTES));
    const rest = cipher.final();
    plain.set(body);
    plain.set(rest, body.length);
    return plain.subarray(0, body.length + rest.length);
  } catch (cause) {
    throw new SyncError("CODEC_INVALID", "another encryptionKey, or damaged", {
      details: { offset: SALT_BYTES },
      cause,
    });
  }
}

function secretsOf(
  bytes: Uint8Array,
  key: Edn,
): { readonly secret: Uint8Array; readonly start: Uint8Array } {
  // To konserve the salt is a sequence of signed bytes.
  const salt = list(...new Int8Array(bytes.buffer, bytes.byteOffset, SALT_BYTES));
  return {
    secret: hash(["key", salt, key]).subarray(0, 32),
    start: hash(["initial-value", salt, key]).subarray(0, 16),
  };
}
