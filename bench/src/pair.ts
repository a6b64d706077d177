/** A server and its replicas, each side in a process of its own. */
import type { Cast } from "./cast.ts";
import type { DataName } from "./data/data.ts";
import { Side } from "./orders.ts";
import type { PrimaryOrders, Served } from "./primary-side.ts";
import { Relay } from "./relay/relay.ts";
import type { ReplicaOrders } from "./replica-side.ts";
import type { Sample } from "./row.ts";
import type { System } from "./system.ts";

/** 10 Mbit/s. */
export const RELAY_BYTES_PER_SECOND: number = 10e6 / 8;

export interface PairOptions {
  readonly system: System;
  readonly data: DataName;
  readonly store: string;
  /** Given to Node for both processes. */
  readonly execArgv: readonly string[];
}

export class Pair {
  readonly system: System;
  readonly primary: Side<PrimaryOrders>;
  readonly replica: Side<ReplicaOrders>;
  readonly #cast: Cast;
  #served: Served | undefined;
  #relay: Relay | undefined;
  #rttMs = 0;

  constructor({ system, data, store, execArgv }: PairOptions) {
    this.system = system;
    this.#cast = { system: system.name, data, store };
    this.primary = new Side(new URL("./primary-side.js", import.meta.url), execArgv);
    this.replica = new Side(new URL("./replica-side.js", import.meta.url), execArgv);
  }

  get data(): DataName {
    return this.#cast.data;
  }

  get rttMs(): number {
    return this.#rttMs;
  }

  /** What the server has been since it was last opened. */
  get served(): Served {
    if (this.#served === undefined) throw new Error("nothing is served");
    return this.#served;
  }

  /** The server's own address. */
  get address(): string {
    return this.served.address;
  }

  /** The server's address behind the relay, where there is one. */
  get farAddress(): string {
    return this.#relay === undefined ? this.address : withPort(this.address, this.#relay.port);
  }

  /** Opens a server on the data as it is at first, less its last commits where it has only so many. */
  async serve(pending = 0): Promise<void> {
    this.#served = await this.primary.ask("serve", this.#cast, pending);
    await this.goTo(this.#rttMs);
  }

  /** So many replicas that hold nothing. */
  async openReplicas(count: number): Promise<void> {
    await this.replica.ask("open", this.#cast, count);
  }

  /** A replica that has been in sync and is offline. */
  async openSyncedReplica(): Promise<void> {
    await this.openReplicas(1);
    await this.replica.ask("connect", this.address);
    await this.replica.ask("disconnect");
  }

  /** Puts the server so far away; 0 takes the relay off. */
  async goTo(rttMs: number): Promise<void> {
    await this.#relay?.close();
    this.#rttMs = rttMs;
    this.#relay = rttMs === 0 ? undefined : await this.openRelay();
  }

  /** A relay of its own to the server, as long and as narrow as lines are now. */
  openRelay(): Promise<Relay> {
    return Relay.open({
      port: Number(new URL(this.address).port),
      rttMs: this.#rttMs,
      bytesPerSecond: this.#rttMs === 0 ? Number.POSITIVE_INFINITY : RELAY_BYTES_PER_SECOND,
    });
  }

  /** What both sides use for a job, and what it gives itself. */
  async measure(isSampling: boolean, job: () => Promise<Sample>): Promise<Sample> {
    await Promise.all([
      this.primary.ask("begin", isSampling),
      this.replica.ask("begin", isSampling),
    ]);
    const sample = await job();
    const [primary, replica] = await Promise.all([
      this.primary.ask("end"),
      this.replica.ask("end"),
    ]);
    const { up, down } = primary.payload;
    return {
      upBytes: up,
      downBytes: down,
      cpuMs: { primary: primary.cpuMs, replica: replica.cpuMs },
      peakBytes:
        primary.peakBytes === undefined || replica.peakBytes === undefined
          ? null
          : { primary: primary.peakBytes, replica: replica.peakBytes },
      ...sample,
    };
  }

  /** @throws {Error} when a replica holds something else than the server was given. */
  async check(workload: string): Promise<void> {
    const { keys, digest } = await this.primary.ask("state");
    const digests = await this.replica.ask("digests", keys);
    const different = digests.filter((other) => other !== digest).length;
    if (different === 0) return;
    const { name } = this.system;
    throw new Error(`${name}, ${workload}: ${different} of ${digests.length} replicas differ`);
  }

  async stop(): Promise<void> {
    await this.#relay?.close();
    await Promise.all([this.primary.stop(), this.replica.stop()]);
  }
}

/** The same address at another port. */
export function withPort(address: string, port: number): string {
  const url = new URL(address);
  url.port = String(port);
  return url.href;
}
