/** Reads values: from the frontend what that can answer for, the rest from the backend. */
import type { Store } from "@datahike-sync/core";
import { type Edn, snapshot } from "@datahike-sync/edn";
import type { Follower } from "./follower.ts";
import type { Life } from "./life.ts";
import type { WriteBehind } from "./write-behind.ts";

export interface TierReaderOptions {
  readonly frontend: Store;
  readonly backend: Store;
  readonly follower: Follower;
  /** Where writes do not wait for the backend. */
  readonly behind: WriteBehind | undefined;
  readonly life: Life;
}

export class TierReader {
  readonly #options: TierReaderOptions;
  /** Whether the frontend keeps what others may have changed, of which nobody tells. */
  readonly #asksFirst: boolean;

  constructor(options: TierReaderOptions) {
    this.#options = options;
    this.#asksFirst = options.follower.keepsCells && options.backend.capabilities.shared;
  }

  /** One function for all of it: each that waited for another would be felt beside a frontend in memory. */
  async get(key: Edn): Promise<Edn | undefined> {
    const { frontend, follower, behind, life } = this.#options;
    life.begin();
    try {
      const pending = behind?.get(key);
      if (pending !== undefined) return pending.value;
      if (this.#asksFirst) await this.#ask();
      if (follower.mayAnswer() && !follower.queue.touches(key)) {
        const { since } = follower.completeness;
        try {
          const value = await frontend.get(key);
          if (value !== undefined) return value;
          if (await follower.completeness.hasHeld(since)) return undefined;
        } catch (error) {
          follower.fail(error, [key]);
        }
      }
      const { values } = await follower.reader.read([key]);
      return given(values[0]);
    } finally {
      life.end();
    }
  }

  /** All of one moment. */
  async getMany(keys: readonly Edn[]): Promise<(Edn | undefined)[]> {
    const { follower, behind } = this.#options;
    // What is pending and what the backend has are of two moments.
    if (behind?.hasAny(keys)) await behind.settled();
    if (this.#asksFirst) await this.#ask();
    const { values, unknown, at } = await this.#ofFrontend(keys);
    if (unknown.length === 0) return values;
    const read = await follower.reader.read(unknown);
    if (unknown.length === keys.length) return read.values.map(given);
    // Nodes are what they always were; of cells none may have changed between the two reads.
    if (follower.keepsCells && read.last !== at) {
      return (await follower.reader.read(keys)).values.map(given);
    }
    const rest = read.values.values();
    return values.map((value) => (value === undefined ? given(rest.next().value) : value));
  }

  /** What the frontend knows of these keys, and which it does not know. */
  async #ofFrontend(keys: readonly Edn[]): Promise<Known> {
    const { frontend, follower } = this.#options;
    const { queue, watch, completeness } = follower;
    const { since } = completeness;
    const at = watch.seen.seq;
    if (!follower.mayAnswer() || keys.some((key) => queue.touches(key))) {
      return { values: [], unknown: keys, at };
    }
    try {
      const values = await frontend.getMany(keys);
      const unknown = keys.filter((_, place) => values[place] === undefined);
      const isKnown = unknown.length > 0 && (await completeness.hasHeld(since));
      return { values, unknown: isKnown ? [] : unknown, at };
    } catch (error) {
      follower.fail(error, keys);
      return { values: [], unknown: keys, at };
    }
  }

  /** Whether anybody else has written, only the backend knows. */
  async #ask(): Promise<void> {
    const { backend, follower } = this.#options;
    const begun = follower.watch.begin();
    const { last } = await backend.feed();
    follower.watch.note(last, begun);
  }
}

interface Known {
  /** In the order of the keys, `undefined` for those that are not there, or unknown. */
  readonly values: (Edn | undefined)[];
  /** In the order of the keys. */
  readonly unknown: readonly Edn[];
  /** They are of this commit of the backend. */
  readonly at: number;
}

/** Of what was read for the frontend too: whoever gets it may change bytes and dates. */
function given(value: Edn | undefined): Edn | undefined {
  return value === undefined ? undefined : snapshot(value);
}
