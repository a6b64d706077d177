/** Values that nothing compresses, under keys of text. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import type { Codec } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import type { Change } from "../system.ts";
import type { Data, DataKind } from "./data.ts";

/** Keys are this and so many digits. */
export const KEY_PREFIX = "key-";
export const KEY_DIGITS = 7;

/** What a key and a value of that size are to an application. */
export function entryBytes(valueBytes: number): number {
  return KEY_PREFIX.length + KEY_DIGITS + valueBytes;
}

export function randomKind(): DataKind {
  return { codec: msgpackCodec(), walker: undefined };
}

/** The same values in every run. None is kept: each can be made again from its key and its version. */
export class RandomData implements Data {
  readonly keys: number;
  readonly valueBytes: number;
  readonly #codec: Codec = msgpackCodec();
  /** How often each key was set, the first time included; negative while it is deleted. */
  readonly #versions: Int32Array;
  #next = 0;

  constructor({ keys, valueBytes }: { readonly keys: number; readonly valueBytes: number }) {
    this.keys = keys;
    this.valueBytes = valueBytes;
    this.#versions = new Int32Array(keys);
  }

  load(): readonly Change[] {
    this.#versions.fill(1);
    this.#next = 0;
    return Array.from(this.#versions, (_, at) => this.#change(at));
  }

  next(commits: number, keys: number): readonly (readonly Change[])[] {
    return Array.from({ length: commits }, () =>
      Array.from({ length: keys }, () => {
        const at = this.#next++ % this.#versions.length;
        this.#versions[at] = Math.abs(this.#versions[at] ?? 0) + 1;
        return this.#change(at);
      }),
    );
  }

  remove(keys: number): readonly Change[] {
    return Array.from({ length: keys }, (_, i) => {
      const at = (this.#next + i) % this.#versions.length;
      this.#versions[at] = -Math.abs(this.#versions[at] ?? 0);
      return this.#change(at);
    });
  }

  *now(): Iterable<readonly [key: Edn, value: Uint8Array | undefined]> {
    for (const at of this.#versions.keys()) {
      const { key, value } = this.#change(at);
      yield [key, value];
    }
  }

  #change(at: number): Change {
    const key = `${KEY_PREFIX}${String(at).padStart(KEY_DIGITS, "0")}`;
    const version = this.#versions[at] ?? 0;
    if (version < 0) return { key };
    return { key, value: this.#codec.encode(randomBytes(this.valueBytes, at, version)) };
  }
}

/** Bytes that are a function of two numbers. */
function randomBytes(length: number, a: number, b: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca77) || 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}
