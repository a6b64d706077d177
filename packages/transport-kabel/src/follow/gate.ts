/** Whether everything that pointers reach is here. */
import {
  isSyncError,
  type Operation,
  type PointerState,
  type Store,
  type Walker,
} from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import type { KeptBack } from "./kept.ts";

export interface GateAnswer {
  /** The pointers as they will be. */
  readonly pointers: readonly PointerState[];
  /** By identity: a key that has to come first; `undefined` when nothing is missing. */
  readonly missing: string | undefined;
}

/** Finds out what of a step's pointers is missing, looking only at what they reach beyond those shown. */
export class Gate {
  readonly #store: Store;
  readonly #walker: Walker;
  readonly #signal: AbortSignal;

  constructor(store: Store, walker: Walker, signal: AbortSignal) {
    this.#store = store;
    this.#walker = walker;
    this.#signal = signal;
  }

  /** The pointers that the store shows. */
  shown(): Promise<PointerState[]> {
    return this.#pointers(() => undefined);
  }

  /** `held` are identities of keys that are known to be in the store: it is not asked for these. */
  async look(kept: KeptBack, held: ReadonlySet<string>): Promise<GateAnswer> {
    const pointers = await this.#pointers((key) => kept.get(key));
    const headless = this.#headless(pointers);
    if (headless !== undefined) return { pointers, missing: identity(headless) };
    const shown = await this.shown();
    try {
      return { pointers, missing: await this.#missing(shown, pointers, held) };
    } catch (error) {
      // What is shown can no longer be read: then it spares nothing.
      if (!isSyncError(error, "NODE_MISSING") || error.details["side"] !== "from") throw error;
      return { pointers, missing: await this.#missing([], pointers, held) };
    }
  }

  /** Asked until the values read name nothing that was not read. */
  async #pointers(kept: (key: Edn) => Operation | undefined): Promise<PointerState[]> {
    const read = new Map<string, PointerState | undefined>();
    for (;;) {
      const known = [...read.values()].filter((state) => state !== undefined);
      const keys = this.#walker.pointers(known);
      const unread = keys.filter((key) => !read.has(identity(key)));
      if (unread.length === 0) {
        return keys.flatMap((key) => read.get(identity(key)) ?? []);
      }
      for (const key of unread) {
        const operation = kept(key);
        const value =
          operation === undefined
            ? await this.#store.get(key, { signal: this.#signal })
            : // `as`: what is kept back came decoded.
              operation.op === "set"
              ? (operation.value as Edn)
              : undefined;
        read.set(identity(key), value === undefined ? undefined : { key, value });
      }
    }
  }

  /** A pointer that another one names and that is not there: the diff would take it for a deleted one. */
  #headless(pointers: readonly PointerState[]): Edn | undefined {
    const there = new Set(pointers.map(({ key }) => identity(key)));
    for (const { value } of pointers) {
      for (const child of this.#walker.children(value)) {
        if (this.#walker.classify(child) === "pointer" && !there.has(identity(child))) return child;
      }
    }
    return undefined;
  }

  async #missing(
    from: readonly PointerState[],
    to: readonly PointerState[],
    held: ReadonlySet<string>,
  ): Promise<string | undefined> {
    try {
      const steps = this.#walker.diff(this.#store, from, to, { signal: this.#signal });
      for await (const { key } of steps) {
        const id = identity(key);
        if (!held.has(id) && !(await this.#store.has(key))) return id;
      }
      return undefined;
    } catch (error) {
      if (!isSyncError(error, "NODE_MISSING") || error.details["side"] === "from") throw error;
      return UNKNOWN;
    }
  }
}

/** Of a node that a walk had to read: its error tells the way there, and whatever comes next may be it. */
export const UNKNOWN = "";
