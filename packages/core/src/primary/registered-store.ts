/** A store that is served: who may have what of it, and who does. */
import type { Edn, Uuid } from "@datahike-sync/edn";
import type { Environment, Upstream } from "../environment.ts";
import type { ReadableStore, Store } from "../store.ts";
import type { RegisterOptions } from "../sync.ts";
import { PolledSource } from "./polled-source.ts";
import { type Selection, toSelection } from "./selection.ts";
import { PlainService, type Service, WalkedService } from "./services.ts";
import { StoreWatch } from "./store-watch.ts";
import { FedSource } from "./walk-source.ts";

export interface RegisteredStoreOptions {
  readonly store: Store | ReadableStore;
  readonly storeId: Uuid;
  readonly options: RegisterOptions;
  /** The subscription that fills the store, if there is one now. */
  readonly upstream: () => Upstream | undefined;
  readonly environment: Environment;
}

/** Who has subscribed. */
export interface RegisteredSubscriber {
  /** What it may have is to be asked again. */
  recheck(): void;
  /** The store is served no longer. */
  dismiss(): void;
}

/** What somebody may have; or, in `reason`, why nothing. */
export type Grant =
  | { readonly selection: Selection }
  | { readonly selection: undefined; readonly reason: unknown };

export class RegisteredStore {
  readonly storeId: Uuid;
  readonly service: Service;
  readonly #options: RegisterOptions;
  readonly #upstream: () => Upstream | undefined;
  readonly #subscribers = new Set<RegisteredSubscriber>();
  #isStopped = false;

  /** @throws {TypeError} when the options do not fit the store. */
  constructor({ store, storeId, options, upstream, environment }: RegisteredStoreOptions) {
    this.storeId = storeId;
    this.service = toService(store, storeId, options, upstream, environment);
    this.#options = options;
    this.#upstream = upstream;
  }

  /**
   * Asks what somebody may have who asks for this.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION` when the store has no such options.
   */
  async grant(principal: unknown, select: Edn): Promise<Grant> {
    const answer = await this.#authorize(principal, select);
    if ("denied" in answer) return { selection: undefined, reason: answer.denied };
    return { selection: toSelection(this.#options, principal, answer.select) };
  }

  /** Tells a subscriber from now on when its rights change. Returns the function that ends this. */
  add(subscriber: RegisteredSubscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  refresh(): void {
    for (const subscriber of this.#subscribers) subscriber.recheck();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const subscriber of Array.from(this.#subscribers)) subscriber.dismiss();
    this.service.stop();
  }

  /** What it throws is a no, and so is whatever is neither a yes nor something narrower. */
  async #authorize(
    principal: unknown,
    select: Edn,
  ): Promise<{ readonly select: Edn } | { readonly denied: unknown }> {
    const { authorize } = this.#options;
    if (authorize === undefined) return { select };
    try {
      const operation = this.#upstream() === undefined ? "subscribe" : "relay";
      const answer = await authorize({ principal, storeId: this.storeId, operation, select });
      if (answer === true) return { select };
      return typeof answer === "object" ? { select: answer.select } : { denied: undefined };
    } catch (error) {
      return { denied: error };
    }
  }
}

function toService(
  store: Store | ReadableStore,
  storeId: Uuid,
  { walker, filter, selection }: RegisterOptions,
  upstream: () => Upstream | undefined,
  environment: Environment,
): Service {
  if (walker !== undefined && filter !== undefined) {
    throw new TypeError("what is replicated is said by a walker or by a filter, not by both");
  }
  if (filter !== undefined && selection === undefined) {
    throw new TypeError("a filter needs a selection, which names what it lets pass");
  }
  if (isFed(store)) {
    const watch = new StoreWatch(store, upstream, environment);
    if (walker === undefined) return new PlainService(store, watch);
    return new WalkedService(new FedSource(store, watch), storeId, environment);
  }
  if (walker === undefined) throw new TypeError("a store without a feed needs a walker");
  return new WalkedService(new PolledSource(store, walker, environment), storeId, environment);
}

function isFed(store: Store | ReadableStore): store is Store {
  return "capabilities" in store && store.capabilities.feed;
}
