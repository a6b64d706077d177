/** Large values, put together from the parts in which they come. */
import { identity, SyncError } from "@datahike-sync/edn";
import { binary, type Codec, type Encoded, encoded } from "../codec.ts";
import type { WirePart, WireSet } from "../wire/operations.ts";

/** One value at a time: the set that its parts are for comes right behind them. */
export class Parts {
  readonly #maxBytes: number;
  #id: string | undefined;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {SyncError} `PROTOCOL_VIOLATION`, `LIMIT_EXCEEDED`. */
  add({ key, offset, bytes }: WirePart): void {
    const id = identity(key);
    // From the start again: the value was read anew.
    if (offset === 0) this.clear();
    if ((this.#id ?? id) !== id || offset !== this.#length || bytes.length === 0) {
      throw violation("a part that does not continue its value");
    }
    if (bytes.length > this.#maxBytes - this.#length) {
      throw new SyncError("LIMIT_EXCEEDED", "a value is larger than maxValueBytes", {
        details: { limit: "maxValueBytes", max: this.#maxBytes },
      });
    }
    this.#id = id;
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /**
   * The value of a set that came without, which is gone from here afterwards.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION` where its parts did not come.
   */
  take(id: string, { type }: WireSet, codec: Codec): Encoded {
    if (this.#id !== id) throw violation("a set without a value");
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.clear();
    return type === "binary" ? binary(whole) : encoded(codec, whole);
  }

  clear(): void {
    this.#id = undefined;
    this.#parts = [];
    this.#length = 0;
  }
}

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
