/**
 * The driver author's page: what a system has to do to be put beside the others. Both sides of it run in
 * processes of their own. One file for each in `systems/`, and a line in `systems/index.ts`.
 */
import type { Codec, Store, Walker } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";

/** One set, or one delete where `value` is absent. */
export interface Change {
  readonly key: Edn;
  /** Bytes of {@link Setup.codec}. */
  readonly value?: Uint8Array | undefined;
  /** Whether the key never gets another value. */
  readonly immutable?: boolean | undefined;
}

/** What both sides of a system are given. */
export interface Setup {
  /** Of the values of this data. */
  readonly codec: Codec;
  /** Where the data is a database: what finds that which its pointers reach. */
  readonly walker: Walker | undefined;
  /** A new store of the kind that is measured, for systems that have none of their own. */
  readonly openStore: () => Promise<Store>;
}

export interface System {
  readonly name: string;
  /** Whether a replica that was away learns what was deleted meanwhile. */
  readonly tellsDeletes: boolean;
  /** Whether it is not waited for more often than must be: warmed up once, timed once. */
  readonly isSlow: boolean;
  server(setup: Setup): Promise<SystemServer>;
  /** `onKey` is to be called when a new value, or that there is none, can be read at the replica. */
  client(setup: Setup, onKey: (key: Edn) => void): Promise<SystemClient>;
}

export interface SystemServer {
  /** Fills the empty store. Called once, before `listen`. */
  load(entries: readonly Change[]): Promise<void>;
  /** Takes lines on a free port of the loopback interface. Resolves to its `ws:` address. */
  listen(): Promise<string>;
  /** Makes one commit. Resolves when it is as durable as the store makes it. */
  set(changes: readonly Change[]): Promise<void>;
  /** What all lines have carried so far. */
  bytes(): PayloadBytes;
  close(): Promise<void>;
}

export interface SystemClient {
  /**
   * Goes on from what an earlier line has brought. Resolves when all is here that the server had; rejects
   * when the line breaks before.
   */
  connect(address: string): Promise<void>;
  /** Ends the line. What it has brought stays, and may be gone on from. */
  disconnect(): Promise<void>;
  /** The bytes of a value, in {@link Setup.codec}. */
  get(key: Edn): Promise<Uint8Array | undefined>;
  /** Frees what it holds. */
  close(): Promise<void>;
}

/** Bytes of WebSocket payload: without the frames' own headers, and without the upgrade. */
export interface PayloadBytes {
  /** From replicas. */
  readonly up: number;
  /** To replicas. */
  readonly down: number;
}
