/** The process in which a system's replicas live. Started by the bench, which gives it orders. */
import { type Edn, read } from "@datahike-sync/edn";
import { Arrivals } from "./arrivals.ts";
import { type Cast, setupOf } from "./cast.ts";
import { kindOf } from "./data/data.ts";
import { Digest } from "./digest.ts";
import { type Figures, Meter, sharedNowMs } from "./figures.ts";
import { takeOrders } from "./orders.ts";
import type { SystemClient } from "./system.ts";
import { findSystem } from "./systems/index.ts";

/** How long it took from the order on. */
export interface Connected {
  /** Until all replicas had all. */
  readonly ms: number;
  /** Until the first of them had its first key; absent where nothing came. */
  readonly firstKeyMs: number | undefined;
}

export interface ReplicaOrders {
  /** Makes so many replicas that hold nothing, in place of those before. */
  open(cast: Cast, replicas: number): Promise<void>;
  begin(isSampling: boolean): Promise<void>;
  end(): Promise<Figures>;
  /** Resolves when all replicas have what the server had. Rejects when a line breaks before. */
  connect(address: string): Promise<Connected>;
  disconnect(): Promise<void>;
  /** From now on waits for these keys, for each as often as it is named. */
  expect(keys: readonly string[]): Promise<void>;
  /**
   * Resolves when all replicas have them, to when each arrived, by {@link sharedNowMs}, in the order in
   * which they were named.
   */
  arrivals(): Promise<readonly (readonly number[])[]>;
  /** What each replica holds under these keys. */
  digests(keys: readonly string[]): Promise<readonly string[]>;
}

interface Replica {
  readonly client: SystemClient;
  arrivals: Arrivals | undefined;
}

class ReplicaSide implements ReplicaOrders {
  readonly #meter = new Meter();
  #cast: Cast | undefined;
  #replicas: Replica[] = [];
  /** When the first key came since it was last asked for. */
  #firstMs: number | undefined;

  async open(cast: Cast, replicas: number): Promise<void> {
    await this.#each(({ client }) => client.close());
    this.#cast = cast;
    const system = findSystem(cast.system);
    this.#replicas = [];
    for (let i = 0; i < replicas; i++) {
      const onKey = (key: Edn): void => {
        this.#firstMs ??= sharedNowMs();
        replica.arrivals?.add(key);
      };
      const client = await system.client(setupOf(cast), onKey);
      const replica: Replica = { client, arrivals: undefined };
      this.#replicas.push(replica);
    }
  }

  async begin(isSampling: boolean): Promise<void> {
    this.#meter.begin(isSampling);
  }

  async end(): Promise<Figures> {
    return this.#meter.end();
  }

  async connect(address: string): Promise<Connected> {
    this.#firstMs = undefined;
    const startMs = sharedNowMs();
    await this.#each(({ client }) => client.connect(address));
    const ms = sharedNowMs() - startMs;
    return { ms, firstKeyMs: this.#firstMs && this.#firstMs - startMs };
  }

  async disconnect(): Promise<void> {
    await this.#each(({ client }) => client.disconnect());
  }

  async expect(keys: readonly string[]): Promise<void> {
    for (const replica of this.#replicas)
      replica.arrivals = new Arrivals(keys.map((key) => read(key)));
  }

  async arrivals(): Promise<readonly (readonly number[])[]> {
    const all = await Promise.all(
      this.#replicas.map(({ arrivals }) => arrivals?.all ?? Promise.resolve([])),
    );
    for (const replica of this.#replicas) replica.arrivals = undefined;
    return all;
  }

  async digests(keys: readonly string[]): Promise<readonly string[]> {
    const cast = this.#cast;
    if (cast === undefined) return [];
    const digests: string[] = [];
    for (const { client } of this.#replicas) {
      const digest = new Digest(kindOf(cast.data).codec);
      for (const text of keys) {
        const key = read(text);
        digest.add(key, await client.get(key));
      }
      digests.push(digest.hex);
    }
    return digests;
  }

  async #each(job: (replica: Replica) => Promise<void>): Promise<void> {
    await Promise.all(this.#replicas.map(job));
  }
}

takeOrders<ReplicaOrders>(new ReplicaSide());
