/** Feeds that are made for the first who wants one and stopped after the last. */

export interface Feed {
  stop(): void;
}

export class SharedFeeds<F extends Feed> {
  readonly #feeds = new Map<string, { readonly feed: F; users: number }>();

  /** The feed of this name; `release` is called once, by whoever took it. */
  take(name: string, make: () => F): { readonly feed: F; readonly release: () => void } {
    const shared = this.#feeds.get(name) ?? { feed: make(), users: 0 };
    this.#feeds.set(name, shared);
    shared.users++;
    return {
      feed: shared.feed,
      release: () => {
        if (--shared.users > 0) return;
        this.#feeds.delete(name);
        shared.feed.stop();
      },
    };
  }
}
