/** A store that follows one of a Clojure server, over however many lines that takes. */
import {
  type Clock,
  type Operation,
  type StepCursor,
  type Store,
  SyncError,
  type SyncProgress,
  type Walker,
} from "@datahike-sync/core";
import { Listeners } from "@datahike-sync/core/store-parts";
import { type Edn, identity, type Uuid } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { Link, LinkEvent } from "../link.ts";
import { payloadOf, type StoreChange } from "../store-changes.ts";
import type { TopicDialect } from "../topic-message.ts";
import type { FollowLimits } from "./limits.ts";
import { Session } from "./session.ts";
import { StandingKeeper } from "./standing.ts";
import type { ShownStep } from "./steps.ts";

export interface FollowListeners {
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  readonly onStatus?: ((status: FollowStatus) => void) | undefined;
  /** What went wrong, also where it is tried again. */
  readonly onError?: ((error: SyncError) => void) | undefined;
  /** Once for each step, when it is durable: what it changed here, nodes left out. */
  readonly onStep?: ((step: FollowStep) => void) | undefined;
}

export interface FollowStep {
  /** How many steps this store has made: servers of these dialects number nothing. */
  readonly cursor: StepCursor;
  readonly operations: readonly Operation[];
}

export interface FollowStatus {
  readonly phase: "connecting" | "syncing" | "live" | "offline" | "failed" | "closed";
  /** Whether what the store shows is a state that the server had, as far as its words allow. */
  readonly consistent: boolean;
  readonly cursor: StepCursor | undefined;
  /**
   * Cells that an earlier handshake brought and the last one did not mention: deleted while this side was
   * away, or left out by a server that ends slow handshakes early. They are still here.
   */
  readonly unconfirmed: number;
  /** Entries that sync did not touch because this store wrote them for itself. */
  readonly skipped: number;
  /** Of the phases `offline` and `failed`. */
  readonly error: SyncError | undefined;
}

/** A store that follows. */
export interface Following extends AsyncDisposable {
  readonly storeId: Uuid;
  readonly status: FollowStatus;
  /** Adds listeners. What they throw is thrown again on its own. Returns what takes them off. */
  on(listeners: FollowListeners): () => void;
  /** Calls back with what a step made of one key, `undefined` where it is gone. Returns the stop function. */
  onKey(key: Edn, listener: (value: Edn | undefined) => void): () => void;
  /**
   * Resolves when a handshake of the present line is complete and durable.
   *
   * @throws {SyncError} what it failed with; `ABORTED` when it was closed.
   */
  synced(options?: { readonly signal?: AbortSignal | undefined }): Promise<StepCursor>;
  /**
   * Asks the server to write. It comes back as any commit does, or is refused, which `onError` is told.
   *
   * @throws {SyncError} `TRANSPORT_CLOSED` without a line.
   * @throws {TypeError} where the dialect has no words for that.
   */
  publish(change: StoreChange): Promise<void>;
  /** Ends it and waits for its writes. What it brought stays. */
  close(): Promise<void>;
}

export interface FollowerOptions {
  readonly link: Link;
  readonly dialect: TopicDialect;
  readonly topic: Edn;
  readonly storeId: Uuid;
  readonly store: Store;
  readonly walker: Walker | undefined;
  readonly limits: FollowLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

export class Follower implements Following {
  readonly storeId: Uuid;
  readonly #options: FollowerOptions;
  readonly #keeper: StandingKeeper;
  readonly #onProgress = new Listeners<SyncProgress>();
  readonly #onStatus = new Listeners<FollowStatus>();
  readonly #onError = new Listeners<SyncError>();
  readonly #onStep = new Listeners<FollowStep>();
  readonly #waiting = new Set<(cursor?: StepCursor) => void>();
  readonly #skipped = new Set<string>();
  readonly #stopLink: () => void;
  readonly #abort = () => void this.close();
  #phase: FollowStatus["phase"] = "connecting";
  #error: SyncError | undefined;
  #unconfirmed = 0;
  #isConsistent = false;
  #session: Session | undefined;
  /** The end of the session before: its writes have to settle before the next one reads. */
  #settled: Promise<void> = Promise.resolve();

  constructor(options: FollowerOptions) {
    const { store, storeId, link, signal } = options;
    this.#options = options;
    this.storeId = storeId;
    this.#keeper = new StandingKeeper(store, storeId);
    this.#stopLink = link.on((event) => this.#onLink(event));
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get status(): FollowStatus {
    return {
      phase: this.#phase,
      consistent: this.#isConsistent && this.#keeper.isWhole,
      cursor: this.#keeper.cursor,
      unconfirmed: this.#unconfirmed,
      skipped: this.#skipped.size,
      error: this.#error,
    };
  }

  on({ onProgress, onStatus, onError, onStep }: FollowListeners): () => void {
    const stops = [
      onProgress && this.#onProgress.add(onProgress),
      onStatus && this.#onStatus.add(onStatus),
      onError && this.#onError.add(onError),
      onStep && this.#onStep.add(onStep),
    ];
    return () => {
      for (const stop of stops) stop?.();
    };
  }

  onKey(key: Edn, listener: (value: Edn | undefined) => void): () => void {
    const id = identity(key);
    return this.#onStep.add(({ operations }) => {
      const operation = operations.findLast((one) => identity(one.key) === id);
      if (operation === undefined) return;
      // `as`: what a server sent came decoded.
      listener(operation.op === "set" ? (operation.value as Edn) : undefined);
    });
  }

  async synced({
    signal,
  }: {
    readonly signal?: AbortSignal | undefined;
  } = {}): Promise<StepCursor> {
    signal?.throwIfAborted();
    if (this.#isOver) throw this.#ending();
    const { cursor } = this.#keeper;
    if (this.#phase === "live" && cursor !== undefined) return cursor;
    const shown = await this.#nextSynced(signal);
    signal?.throwIfAborted();
    if (shown === undefined) throw this.#ending();
    return shown;
  }

  async publish(change: StoreChange): Promise<void> {
    if (!this.#options.dialect.canPublish) {
      throw new TypeError("subscribers of this dialect do not publish");
    }
    if (this.#session === undefined) {
      throw new SyncError("TRANSPORT_CLOSED", "there is no line to publish on");
    }
    await this.#session.publish(payloadOf(change));
  }

  async close(): Promise<void> {
    this.#end("closed", undefined);
    await this.#settled;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isOver(): boolean {
    return this.#phase === "failed" || this.#phase === "closed";
  }

  /** Resolves to `undefined` when it ends, or the signal aborts, before. */
  #nextSynced(signal: AbortSignal | undefined): Promise<StepCursor | undefined> {
    return new Promise((resolve) => {
      const end = (cursor?: StepCursor) => {
        this.#waiting.delete(end);
        signal?.removeEventListener("abort", leave);
        resolve(cursor);
      };
      const leave = () => end();
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(end);
    });
  }

  #onLink(event: LinkEvent): void {
    if (this.#isOver) return;
    this.#stopSession();
    if (event.type === "up") {
      void this.#settled.then(() => this.#start(event.connection));
    } else if (event.isLost || LASTING.includes(event.error.code)) {
      this.#fail(event.error);
    } else {
      this.#onError.tell(event.error);
      this.#become("offline", event.error);
    }
  }

  #start(connection: Connection): void {
    // It may have ended while the writes of the one before settled; the link says so, or has.
    if (this.#isOver || connection !== this.#options.link.connection) return;
    const session = new Session({
      ...this.#options,
      connection,
      random: this.#options.link.random,
      keeper: this.#keeper,
      listener: {
        onProgress: (progress) => this.#onProgress.tell(progress),
        onSkipped: (keys) => this.#skip(keys),
        onStep: (step) => this.#show(step),
        onAgain: (error) => {
          if (error !== undefined) this.#onError.tell(error);
          this.#become("syncing", undefined);
        },
        onPublishRefused: (error) => this.#onError.tell(error),
        onFailure: (error) => this.#fail(error),
      },
    });
    this.#session = session;
    this.#settled = session.done;
    this.#become("syncing", undefined);
  }

  #stopSession(): void {
    this.#session?.stop();
    this.#session = undefined;
  }

  #skip(keys: readonly Edn[]): void {
    for (const key of keys) this.#skipped.add(identity(key));
  }

  #show({ cursor, operations, unconfirmed, isConsistent }: ShownStep): void {
    if (this.#isOver || cursor === undefined) return;
    this.#isConsistent = isConsistent;
    this.#unconfirmed = unconfirmed ?? this.#unconfirmed;
    if (operations.length > 0) this.#onStep.tell({ cursor, operations });
    if (unconfirmed === undefined) return;
    this.#options.link.worked();
    this.#become("live", undefined);
    for (const end of Array.from(this.#waiting)) end(cursor);
  }

  #become(phase: FollowStatus["phase"], error: SyncError | undefined): void {
    this.#phase = phase;
    this.#error = error;
    this.#onStatus.tell(this.status);
  }

  #fail(error: SyncError): void {
    if (this.#isOver) return;
    this.#onError.tell(error);
    this.#end("failed", error);
  }

  #end(phase: "failed" | "closed", error: SyncError | undefined): void {
    if (this.#isOver) return;
    this.#stopLink();
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#stopSession();
    this.#become(phase, error);
    for (const end of Array.from(this.#waiting)) end();
  }

  #ending(): unknown {
    const { signal } = this.#options;
    if (signal?.aborted) return signal.reason;
    return this.#error ?? new SyncError("ABORTED", "the store no longer follows");
  }
}

/** The same server will do the same again. */
const LASTING: readonly string[] = ["PROTOCOL_VIOLATION"];
