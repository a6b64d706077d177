import { SyncError } from "./error.ts";
import { byteToHex } from "./hex.ts";

/** A UUID of any version. Equal by its 128 bits; ordered as on the JVM. Made by {@link uuid}. */
export class Uuid {
  /** The four 32-bit words, most significant first, signed. Frozen. */
  readonly words: readonly [number, number, number, number];
  #identity: string | undefined;

  constructor(a: number, b: number, c: number, d: number) {
    this.words = Object.freeze([a | 0, b | 0, c | 0, d | 0] as const);
    Object.freeze(this);
  }

  get ednKind(): "uuid" {
    return "uuid";
  }

  get identity(): string {
    return (this.#identity ??= `u${formatWords(this.words)}`);
  }

  /** Lower case, 36 characters. */
  toString(): string {
    return this.identity.slice(1);
  }

  /** A new array of 16 bytes, most significant first. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    this.words.forEach((word, index) => view.setInt32(index * 4, word));
    return bytes;
  }
}

/**
 * The UUID with this text (36 characters, any case) or these 16 bytes.
 *
 * @throws {SyncError} `EDN_SYNTAX` when the text is no UUID.
 * @throws {RangeError} when there are not 16 bytes.
 */
export function uuid(source: string | Uint8Array): Uuid {
  if (typeof source === "string") return parseUuid(source);
  if (source.length !== 16) throw new RangeError(`a UUID has 16 bytes, not ${source.length}`);
  const view = new DataView(source.buffer, source.byteOffset, 16);
  return new Uuid(view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12));
}

/** A random UUID of version 4. */
export function randomUuid(): Uuid {
  return uuid(crypto.randomUUID());
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function parseUuid(text: string): Uuid {
  if (!UUID.test(text)) {
    throw new SyncError("EDN_SYNTAX", "not a UUID", { details: { length: text.length } });
  }
  // Cut so that no piece has a dash: 8, 4-4, 4-4, 8 digits.
  const half = (from: number) => Number.parseInt(text.slice(from, from + 4), 16);
  return new Uuid(
    Number.parseInt(text.slice(0, 8), 16),
    (half(9) << 16) | half(14),
    (half(19) << 16) | half(24),
    Number.parseInt(text.slice(28), 16),
  );
}

function formatWords([a, b, c, d]: Uuid["words"]): string {
  return `${octets(a)}-${pair(b >>> 16)}-${pair(b)}-${pair(c >>> 16)}-${pair(c)}${octets(d)}`;
}

function octets(word: number): string {
  return pair(word >>> 16) + pair(word);
}

function pair(word: number): string {
  return byteToHex(word >>> 8) + byteToHex(word);
}
