/** A line that is dialed again when it ends, for all who use it together. */
import { type Dialer, isSyncError, SyncError, type TransportClose } from "@datahike-sync/core";
import { Backoff, Listeners } from "@datahike-sync/core/store-parts";
import type { Connection } from "./connection.ts";
import type { KabelPeer } from "./peer.ts";

/** What happened to a link. */
export type LinkEvent =
  | { readonly type: "up"; readonly connection: Connection }
  /** It will be dialed again, unless it is `lost`. */
  | { readonly type: "down"; readonly error: SyncError; readonly isLost: boolean };

/** A line for as long as it is wanted, however often it ends. */
export interface Link extends AsyncDisposable {
  /** The line that is open now. */
  readonly connection: Connection | undefined;
  /** At least 0, below 1: spreads what many would do at once. */
  readonly random: () => number;
  /** Tells of each line and of each end of one; soon, of what it was before. */
  on(listener: (event: LinkEvent) => void): () => void;
  /** Says that a line was of use: the next wait is a short one. */
  worked(): void;
  /** Ends the line, and dials no more. */
  close(): Promise<void>;
}

/** A line that was opened by somebody else, as a link that is lost with it. */
export function linkOf(connection: Connection): Link {
  return {
    get connection() {
      return connection.state === "open" ? connection : undefined;
    },
    random: Math.random,
    on: (listener) => {
      let isOn = true;
      queueMicrotask(() => {
        if (isOn && connection.state === "open") listener({ type: "up", connection });
      });
      const stop = connection.onClose((close) => {
        listener({ type: "down", error: reasonOf(close), isLost: true });
      });
      return () => {
        isOn = false;
        stop();
      };
    },
    worked: () => undefined,
    // It is not ours to end: others may be using it.
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export class DialedLink implements Link {
  readonly random: () => number;
  readonly #peer: KabelPeer;
  readonly #backoff: Backoff;
  readonly #dial: Dialer;
  readonly #over = new AbortController();
  readonly #listeners = new Listeners<LinkEvent>();
  readonly #run: Promise<void>;
  #connection: Connection | undefined;
  /** Why there will never be a line again. */
  #lost: LinkEvent | undefined;

  constructor(peer: KabelPeer, dial: Dialer, onEnd: () => void) {
    this.#peer = peer;
    this.#dial = dial;
    this.random = peer.random;
    this.#backoff = new Backoff({
      minMs: peer.backoffMs.min,
      maxMs: peer.backoffMs.max,
      random: peer.random,
    });
    this.#run = this.#keep().finally(onEnd);
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  on(listener: (event: LinkEvent) => void): () => void {
    const stop = this.#listeners.add(listener);
    const connection = this.#connection;
    const state = this.#lost ?? (connection && ({ type: "up", connection } as const));
    if (state === undefined) return stop;
    let isOn = true;
    queueMicrotask(() => {
      // What has changed by now was told already.
      if (isOn && this.#connection === connection) listener(state);
    });
    return () => {
      isOn = false;
      stop();
    };
  }

  worked(): void {
    this.#backoff.reset();
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#connection?.close();
    await this.#run;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Never rejects. */
  async #keep(): Promise<void> {
    const { clock, onWake } = this.#peer;
    const { signal } = this.#over;
    let error = new SyncError("ABORTED", "the link was closed");
    // Not within the constructor: who made it listens first.
    await Promise.resolve();
    while (!signal.aborted) {
      const reason = await this.#useLine();
      this.#connection = undefined;
      if (signal.aborted) break;
      if (LASTING.includes(reason.code)) {
        error = reason;
        break;
      }
      this.#listeners.tell({ type: "down", error: reason, isLost: false });
      await this.#backoff.pause({ clock, onWake, signal });
    }
    this.#lost = { type: "down", error, isLost: true };
    this.#listeners.tell(this.#lost);
  }

  /** Opens a line and waits for its end. Resolves to why there is none. */
  async #useLine(): Promise<SyncError> {
    const { signal } = this.#over;
    try {
      const connection = await this.#peer.connect(this.#dial, { signal });
      const closed = new Promise<TransportClose>((resolve) => connection.onClose(resolve));
      if (signal.aborted) void connection.close();
      else {
        this.#connection = connection;
        this.#listeners.tell({ type: "up", connection });
      }
      return reasonOf(await closed);
    } catch (error) {
      if (isSyncError(error)) return error;
      return new SyncError("TRANSPORT_CLOSED", "there is no line to be had", { cause: error });
    }
  }
}

/** The same two ends will fall out over these again. */
const LASTING: readonly string[] = ["UNKNOWN_CODEC", "UNKNOWN_MESSAGE"];

/** Why a line ended, as an error. */
function reasonOf({ error, code }: TransportClose): SyncError {
  return error ?? new SyncError(code ?? "TRANSPORT_CLOSED", "the line was closed");
}
