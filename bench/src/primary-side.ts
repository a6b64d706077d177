/** The process in which a system's server lives. Started by the bench, which gives it orders. */
import { setTimeout as sleep } from "node:timers/promises";
import { print } from "@datahike-sync/edn";
import { type Cast, setupOf } from "./cast.ts";
import { type Data, kindOf, openData } from "./data/data.ts";
import { Digest } from "./digest.ts";
import { type Figures, Meter, sharedNowMs } from "./figures.ts";
import { takeOrders } from "./orders.ts";
import type { Change, PayloadBytes, SystemServer } from "./system.ts";
import { findSystem } from "./systems/index.ts";

/** Where a server is, and how much it serves. */
export interface Served {
  readonly address: string;
  readonly keys: number;
  readonly valueBytes: number;
}

/** What a replica has to hold, and in which order {@link Digest} takes it. */
export interface State {
  readonly keys: readonly string[];
  readonly digest: string;
}

export interface PrimaryOrders {
  /** Opens a server that holds the data, in place of the one before. */
  serve(cast: Cast, pending: number): Promise<Served>;
  begin(isSampling: boolean): Promise<void>;
  end(): Promise<Figures & { readonly payload: PayloadBytes }>;
  /** Makes the next commits known: the last key of each. */
  prepare(commits: number, keysPerCommit: number): Promise<readonly string[]>;
  prepareRemoval(keys: number): Promise<void>;
  /**
   * Makes the commits that were prepared, each so long after the one before began; 0 is one right after
   * the other. Resolves to when each began, by {@link sharedNowMs}.
   */
  commit(everyMs: number): Promise<readonly number[]>;
  state(): Promise<State>;
}

/** What is served, and by whom. */
interface Serving {
  readonly cast: Cast;
  readonly data: Data;
  readonly server: SystemServer;
}

class PrimarySide implements PrimaryOrders {
  readonly #meter = new Meter();
  #served: Serving | undefined;
  #payload: PayloadBytes = { up: 0, down: 0 };
  #prepared: readonly (readonly Change[])[] = [];

  async serve(cast: Cast, pending: number): Promise<Served> {
    await this.#served?.server.close();
    const data = this.#served?.data ?? (await openData(cast.data));
    const server = await findSystem(cast.system).server(setupOf(cast));
    this.#served = { cast, data, server };
    await server.load(data.load(pending));
    const { keys, valueBytes } = data;
    return { address: await server.listen(), keys, valueBytes };
  }

  async begin(isSampling: boolean): Promise<void> {
    this.#payload = this.#now.server.bytes();
    this.#meter.begin(isSampling);
  }

  async end(): Promise<Figures & { readonly payload: PayloadBytes }> {
    const { up, down } = this.#now.server.bytes();
    const payload = { up: up - this.#payload.up, down: down - this.#payload.down };
    return { ...this.#meter.end(), payload };
  }

  async prepare(commits: number, keysPerCommit: number): Promise<readonly string[]> {
    this.#prepared = this.#now.data.next(commits, keysPerCommit);
    return this.#prepared.map((changes) => print(changes.at(-1)?.key ?? null));
  }

  async prepareRemoval(keys: number): Promise<void> {
    this.#prepared = [this.#now.data.remove(keys)];
  }

  async commit(everyMs: number): Promise<readonly number[]> {
    const { server } = this.#now;
    const begun: number[] = [];
    const startMs = sharedNowMs();
    for (const changes of this.#prepared) {
      const waitMs = startMs + begun.length * everyMs - sharedNowMs();
      if (everyMs > 0 && waitMs > 0) await sleep(waitMs);
      begun.push(sharedNowMs());
      await server.set(changes);
    }
    this.#prepared = [];
    return begun;
  }

  async state(): Promise<State> {
    const { cast, data } = this.#now;
    const digest = new Digest(kindOf(cast.data).codec);
    const keys: string[] = [];
    for (const [key, value] of data.now()) {
      keys.push(print(key));
      digest.add(key, value);
    }
    return { keys, digest: digest.hex };
  }

  get #now(): Serving {
    if (this.#served === undefined) throw new Error("nothing is served");
    return this.#served;
  }
}

takeOrders<PrimaryOrders>(new PrimarySide());
