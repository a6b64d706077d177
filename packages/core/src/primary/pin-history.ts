/** What pointers were, so that replicas which still show it can be told only what is new. */
import { type Edn, identity } from "@datahike-sync/edn";
import type { PointerState, Walker } from "../walker.ts";
import type { Pins, Token } from "./pins.ts";
import type { WalkSource } from "./walk-source.ts";

/** What a replica shows, as far as this side can tell. */
export interface Held {
  /** Of the pointers that reach something. */
  readonly states: readonly PointerState[];
  readonly tokens: Edn;
  /** All that it shows, also those of which no token says what they are. */
  readonly keys: readonly Edn[];
}

/** The last values of each pointer, by the tokens that replicas bring back. */
export class PinHistory {
  readonly #source: WalkSource;
  readonly #maxValues: number;
  /** By identity of the key, then of the token; the latest last. */
  readonly #values = new Map<string, Map<string, PointerState>>();

  constructor(source: WalkSource, maxValues: number) {
    this.#source = source;
    this.#maxValues = maxValues;
  }

  remember({ states, tokens }: Pins): void {
    for (const [at, [key, token]] of tokens.entries()) {
      const state = states[at];
      if (state === undefined || token === null) continue;
      const id = identity(key);
      const values = this.#values.get(id) ?? new Map<string, PointerState>();
      this.#values.set(id, values);
      values.delete(identity(token));
      values.set(identity(token), state);
      const [oldest] = values.keys();
      if (values.size > this.#maxValues && oldest !== undefined) values.delete(oldest);
    }
  }

  /** What these tokens name; `undefined` where they are none, or one names what is forgotten. */
  async resolve(tokens: Edn, walker: Walker): Promise<Held | undefined> {
    const pairs = toPairs(tokens);
    if (pairs === undefined) return undefined;
    const states: PointerState[] = [];
    for (const [key, token] of pairs) {
      // It reaches nothing that other pointers do not, or the replica is sent it again.
      if (token === null) continue;
      const state = await this.#find(key, token, walker);
      if (state === undefined) return undefined;
      states.push(state);
    }
    return { states, tokens, keys: pairs.map(([key]) => key) };
  }

  async #find(key: Edn, token: Edn, walker: Walker): Promise<PointerState | undefined> {
    const known = this.#values.get(identity(key))?.get(identity(token));
    if (known !== undefined) return known;
    const value = await walker.resolve(this.#source.store, token);
    return value === undefined ? undefined : { key, value };
  }
}

/** A replica's tokens are what it wants them to be. */
function toPairs(tokens: Edn): readonly Token[] | undefined {
  if (!Array.isArray(tokens) || tokens.length > MAX_TOKENS) return undefined;
  const pairs: Token[] = [];
  // `as`: an array that is EDN is a vector.
  for (const pair of tokens as readonly Edn[]) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    pairs.push(pair as unknown as Token);
  }
  const ids = new Set(pairs.map(([key]) => identity(key)));
  return ids.size === pairs.length ? pairs : undefined;
}

/** Each may take a read to resolve. */
const MAX_TOKENS = 4096;
