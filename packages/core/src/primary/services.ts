/** How a registered store is served: with a walker or without. */
import type { Uuid } from "@datahike-sync/edn";
import type { Environment } from "../environment.ts";
import type { Store } from "../store.ts";
import { PlainFeed } from "./plain-feed.ts";
import { servePlain } from "./plain-session.ts";
import type { Selection } from "./selection.ts";
import type { Session } from "./session.ts";
import { SharedFeeds } from "./shared-feeds.ts";
import type { StoreWatch } from "./store-watch.ts";
import type { WalkSource } from "./walk-source.ts";
import { WalkedFeed } from "./walked-feed.ts";
import { serveWalked } from "./walked-session.ts";
import { WalkedStore } from "./walked-store.ts";

export interface Service {
  /** Serves one subscription until it ends; rejects with why. */
  serve(session: Session, selection: Selection): Promise<never>;
  stop(): void;
}

export class PlainService implements Service {
  readonly #store: Store;
  readonly #watch: StoreWatch;
  readonly #feeds = new SharedFeeds<PlainFeed>();

  constructor(store: Store, watch: StoreWatch) {
    this.#store = store;
    this.#watch = watch;
  }

  async serve(session: Session, selection: Selection): Promise<never> {
    if (selection.walker !== undefined) throw new TypeError("a selection of another store");
    const make = () => new PlainFeed(this.#watch, selection, session.bodies, session.environment);
    const { feed, release } = this.#feeds.take(nameOf(session, selection), make);
    try {
      const store = this.#store;
      return await servePlain({ ...session, store, selection, watch: this.#watch, feed });
    } finally {
      release();
    }
  }

  stop(): void {
    this.#watch.stop();
  }
}

export class WalkedService implements Service {
  readonly #walked: WalkedStore;
  readonly #feeds = new SharedFeeds<WalkedFeed>();

  constructor(source: WalkSource, storeId: Uuid, environment: Environment) {
    this.#walked = new WalkedStore(source, storeId, environment);
  }

  async serve(session: Session, selection: Selection): Promise<never> {
    if (selection.walker === undefined) throw new TypeError("a selection of another store");
    const walked = this.#walked;
    const make = () => new WalkedFeed(walked, selection, session.bodies);
    const { feed, release } = this.#feeds.take(nameOf(session, selection), make);
    try {
      return await serveWalked({ ...session, walked, selection, feed });
    } finally {
      release();
    }
  }

  stop(): void {
    this.#walked.source.stop();
  }
}

/** Bodies can be shared by those who see the same entries in the same codec. */
function nameOf({ bodies }: Session, { id }: Selection): string {
  return `${id.identity} ${bodies.codec.name}`;
}
