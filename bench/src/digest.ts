/** What a store holds, in few bytes: equal where two hold the same. */
import { createHash } from "node:crypto";
import type { Codec } from "@datahike-sync/core";
import { type Edn, print } from "@datahike-sync/edn";

export class Digest {
  readonly #codec: Codec;
  readonly #hash = createHash("sha256");

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Adds a key with the bytes of its value, which may be written in more than one way. */
  add(key: Edn, value: Uint8Array | undefined): void {
    this.#hash.update(print(key));
    this.#hash.update(value === undefined ? "-" : this.#codec.encode(this.#codec.decode(value)));
  }

  get hex(): string {
    return this.#hash.copy().digest("hex");
  }
}
