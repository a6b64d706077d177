/** A store that does not tell what changes in it: its pointers are read from time to time. */
import { type Edn, identity } from "@datahike-sync/edn";
import type { Environment } from "../environment.ts";
import type { Cursor, StepCursor } from "../feed.ts";
import { sameBytes } from "../same-bytes.ts";
import type { EncodedEntry, ReadableStore } from "../store.ts";
import type { Walker } from "../walker.ts";
import { pin } from "./pins.ts";
import { repeat } from "./repeat.ts";
import type { WalkSource } from "./walk-source.ts";

/**
 * Counts how often it has found other values than before: these are the store's commits. They are
 * numbered for as long as the store is registered.
 */
export class PolledSource implements WalkSource {
  readonly store: ReadableStore;
  readonly #walker: Walker;
  readonly #environment: Environment;
  readonly #era: string;
  #seq = 0;
  /** By identity of its key, what each entry was when it was read last. */
  readonly #seen = new Map<string, Uint8Array | undefined>();
  #reading: Promise<unknown> = Promise.resolve();
  readonly #stopped = new AbortController();

  constructor(store: ReadableStore, walker: Walker, environment: Environment) {
    this.store = store;
    this.#walker = walker;
    this.#environment = environment;
    this.#era = randomEra(environment.random);
  }

  async cursor(): Promise<Cursor> {
    return { era: this.#era, seq: this.#seq };
  }

  async untilWhole(): Promise<void> {}

  /** One after the other, or an older value could be counted as what came after a newer one. */
  readMany(keys: readonly Edn[]): Promise<{
    readonly entries: readonly (EncodedEntry | undefined)[];
    readonly last: number;
  }> {
    const reading = this.#reading.then(async () => {
      const entries = await this.store.getMany(keys, { encoded: true });
      this.#compare(keys, entries);
      return { entries, last: this.#seq };
    });
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  async cursorAt(last: number): Promise<StepCursor> {
    return { era: this.#era, seq: last };
  }

  async isUntouched(): Promise<undefined> {
    return undefined;
  }

  listen(onChange: () => void, onFailure: (error: unknown) => void): () => void {
    const { clock, limits } = this.#environment;
    let seen = this.#seq;
    const poll = async () => {
      await pin(this, this.#walker, this.#stopped.signal);
      if (this.#seq !== seen) onChange();
      seen = this.#seq;
    };
    return repeat(clock, limits.pollMs, poll, onFailure);
  }

  stop(): void {
    this.#stopped.abort();
  }

  #compare(keys: readonly Edn[], entries: readonly (EncodedEntry | undefined)[]): void {
    let isOther = false;
    for (const [at, key] of keys.entries()) {
      const id = identity(key);
      const bytes = entries[at]?.value.bytes;
      const before = this.#seen.get(id);
      if (this.#seen.has(id)) isOther ||= !isSameValue(before, bytes);
      this.#seen.set(id, bytes);
    }
    if (isOther) this.#seq++;
  }
}

function isSameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameBytes(a, b);
}

/** 16 bytes in hexadecimal, as stores with a feed name theirs. */
function randomEra(random: () => number): string {
  const byte = () => Math.floor(random() * 256);
  return Array.from({ length: 16 }, () => byte().toString(16).padStart(2, "0")).join("");
}
