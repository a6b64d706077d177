/** The stores that a context serves. */
import type { Uuid } from "@datahike-sync/edn";
import type { Environment, Upstream } from "../environment.ts";
import type { ReadableStore, Store } from "../store.ts";
import type { RegisterOptions, Registration } from "../sync.ts";
import type { Counters } from "./counters.ts";
import { Places } from "./places.ts";
import { RegisteredStore } from "./registered-store.ts";

export class PrimaryStores {
  /** Counted by those who serve. */
  readonly counters: Counters = { subscribers: 0, encodedBodies: 0, sentBytes: 0 };
  /** Of those who catch up. */
  readonly places: Places;
  readonly #environment: Environment;
  readonly #stores = new Map<string, RegisteredStore>();
  /** What subscribers still do, also those who have ended. */
  readonly #work = new Set<Promise<void>>();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.places = new Places(environment);
  }

  get stats(): Readonly<Counters> & { readonly catchingUp: number } {
    return { ...this.counters, catchingUp: this.places.taken };
  }

  /** @throws {TypeError} when the id is registered, or the options do not fit the store. */
  register(
    store: Store | ReadableStore,
    storeId: Uuid,
    options: RegisterOptions,
    upstream: () => Upstream | undefined,
  ): Registration {
    const id = storeId.identity;
    if (this.#stores.has(id)) throw new TypeError("a store of this id is registered");
    const environment = this.#environment;
    const registered = new RegisteredStore({ store, storeId, options, upstream, environment });
    this.#stores.set(id, registered);
    return {
      storeId,
      refresh: () => registered.refresh(),
      unregister: () => {
        // The id may be another store's by now.
        if (this.#stores.get(id) === registered) this.#stores.delete(id);
        registered.stop();
      },
    };
  }

  find(storeId: Uuid): RegisteredStore | undefined {
    return this.#stores.get(storeId.identity);
  }

  /** Waits for this in `close`. */
  track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  /** Serves nothing any more. Resolves when the reads under way have ended. */
  async close(): Promise<void> {
    for (const registered of this.#stores.values()) registered.stop();
    this.#stores.clear();
    await Promise.all(this.#work);
  }
}
