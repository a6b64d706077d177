/** One subscription on a line: from its request to its end. */
import { type Edn, equals, isSyncError, SyncError } from "@datahike-sync/edn";
import type { Line } from "../dialect.ts";
import type { Environment } from "../environment.ts";
import type { Have, Subscribe } from "../protocol.ts";
import { Bell } from "./bell.ts";
import { failureOf, faultOf, notFound, retryLater } from "./failure.ts";
import { Flow } from "./flow.ts";
import { Outlet } from "./outlet.ts";
import type { Guest } from "./places.ts";
import type { PrimaryStores } from "./primary-stores.ts";
import type { Grant, RegisteredStore, RegisteredSubscriber } from "./registered-store.ts";
import type { Selection } from "./selection.ts";
import type { Replies } from "./session.ts";

export interface SubscriberOptions {
  readonly request: Subscribe;
  readonly line: Line;
  readonly stores: PrimaryStores;
  readonly environment: Environment;
  /** The most bytes that the two sides have agreed to have unacknowledged. */
  readonly maxWindowBytes: number;
  /** The other side acknowledges too late. */
  readonly onTimeout: () => void;
  /** Nothing is sent any more. */
  readonly onEnd: () => void;
}

export class Subscriber implements RegisteredSubscriber, Guest {
  readonly #options: Omit<SubscriberOptions, "request">;
  readonly #request: Omit<Subscribe, "have">;
  #have: Have | undefined;
  readonly #ended = new AbortController();
  readonly #flow: Flow;
  readonly #outlet: Outlet;
  readonly #replies: Replies = { reconcile: undefined, need: undefined };
  /** Whether rights have changed since they were asked. */
  #isOutdated = false;
  #granted: { readonly registered: RegisteredStore; readonly selection: Selection } | undefined;

  constructor(options: SubscriberOptions) {
    const { request, ...others } = options;
    const { line, stores, environment, maxWindowBytes, onTimeout } = others;
    const { have, ...rest } = request;
    const bell = new Bell();
    this.#options = others;
    this.#request = rest;
    this.#have = have;
    this.#flow = new Flow({
      windowBytes: Math.min(request.window, maxWindowBytes),
      timeoutMs: environment.limits.batchTimeoutMs,
      clock: environment.clock,
      onAck: () => bell.ring(),
      onTimeout: () => {
        this.#tellLate();
        onTimeout();
      },
    });
    this.#outlet = new Outlet({
      id: request.id,
      line,
      flow: this.#flow,
      bell,
      counters: stores.counters,
      signal: this.#ended.signal,
    });
  }

  get line(): Line {
    return this.#options.line;
  }

  get silentMs(): number {
    return this.#flow.silentMs;
  }

  leave(): void {
    this.#fail(retryLater("others wait for the place", LEAVE_MS));
  }

  /** Serves until it ends. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @throws {SyncError} `PROTOCOL_VIOLATION` for a batch that was never sent. */
  ack(batch: number): void {
    this.#flow.ack(batch);
  }

  /** @throws {SyncError} `PROTOCOL_VIOLATION` for what is no answer to an offer. */
  need(keys: readonly Edn[]): void {
    if (this.#replies.need === undefined) throw violation("a need of what was not offered");
    this.#replies.need(keys);
  }

  /** @throws {SyncError} `PROTOCOL_VIOLATION` for what is no answer to ranges. */
  reconcile(ranges: Edn): void {
    if (this.#replies.reconcile === undefined) throw violation("an answer to nothing");
    this.#replies.reconcile(ranges);
  }

  /** Nothing is sent from now on, but for the error. */
  end(error?: SyncError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#flow.end();
    const { line, onEnd } = this.#options;
    // Where it cannot be sent the line has ended, and with it everything.
    if (error !== undefined) line.send(failureOf(this.#request.id, error)).catch(() => undefined);
    onEnd();
  }

  dismiss(): void {
    this.#refuse("the store was unregistered");
  }

  /** Until the answer is there nothing is sent. */
  recheck(): void {
    this.#isOutdated = true;
    const release = this.#outlet.hold();
    void this.#recheck().then(release);
  }

  async #run(): Promise<void> {
    const registered = this.#options.stores.find(this.#request.storeId);
    const { clock } = this.#options.environment;
    const askedAt = clock.now();
    // Before anything is asked: the answer may be of rights that change meanwhile.
    const remove = registered?.add(this);
    try {
      let selection: Selection | undefined;
      do {
        this.#isOutdated = false;
        const grant = await this.#grant(registered);
        if (grant?.selection === undefined) {
          // How long it took to ask would tell that there is a store to ask for.
          await this.#pause(NO_MS - ((clock.now() - askedAt) % NO_MS));
        }
        this.#ended.signal.throwIfAborted();
        if (!this.#isOutdated) selection = this.#selectionOf(grant);
      } while (this.#isOutdated);
      if (registered !== undefined && selection !== undefined) {
        this.#granted = { registered, selection };
        await this.#serve(registered, selection);
      }
    } finally {
      remove?.();
    }
  }

  async #serve(registered: RegisteredStore, selection: Selection): Promise<void> {
    const { line, stores, environment } = this.#options;
    const { storeId } = this.#request;
    const { limits } = environment;
    stores.counters.subscribers++;
    try {
      const session = {
        storeId,
        environment,
        outlet: this.#outlet,
        bodies: { codec: line.codec, limits, counters: stores.counters },
        replies: this.#replies,
        takeHave: () => this.#takeHave(),
        takePlace: () => stores.places.take(this),
      };
      await registered.service.serve(session, selection);
    } finally {
      stores.counters.subscribers--;
    }
  }

  async #pause(delayMs: number): Promise<void> {
    const { signal } = this.#ended;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#options.environment.clock.after(delayMs, end);
      signal.addEventListener("abort", end);
    });
  }

  async #grant(registered: RegisteredStore | undefined): Promise<Grant | undefined> {
    const { principal } = this.#options.line.peer;
    return registered?.grant(principal, this.#request.select);
  }

  /** What the other side may have; where that is nothing, it is told so, whatever the reason. */
  #selectionOf(grant: Grant | undefined): Selection | undefined {
    if (grant?.selection === undefined) {
      this.#refuse(grant === undefined ? "no such store" : "not authorized", grant?.reason);
    }
    return grant?.selection;
  }

  #takeHave(): Have {
    const have = this.#have;
    if (have === undefined) throw new TypeError("where a replica stands is told once");
    this.#have = undefined;
    return have;
  }

  async #recheck(): Promise<void> {
    if (this.#granted === undefined) return;
    const { registered, selection: before } = this.#granted;
    try {
      const selection = this.#selectionOf(await this.#grant(registered));
      // Under another selection it is another subscription.
      if (selection !== undefined && !equals(selection.id, before.id)) {
        this.#fail(retryLater("the selection has changed", 0));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #refuse(why: string, cause?: unknown): void {
    if (this.#ended.signal.aborted) return;
    const error = notFound(why, cause);
    const { storeId } = this.#request;
    this.#options.environment.tell({ type: "refused", storeId, error });
    this.end(error);
  }

  /** The line ends with it, which says nothing of whose silence that was. */
  #tellLate(): void {
    const { limits, tell } = this.#options.environment;
    const error = new SyncError("ACK_TIMEOUT", "a batch was not acknowledged in time", {
      details: { limit: "batchTimeoutMs", max: limits.batchTimeoutMs },
    });
    tell({ type: "failed", storeId: this.#request.storeId, error });
  }

  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    if (isSyncError(error, "TRANSPORT_CLOSED")) return this.end();
    const { environment } = this.#options;
    const { storeId } = this.#request;
    const known = faultOf(error);
    if (known !== error) environment.report(known);
    environment.tell({ type: "failed", storeId, error: known });
    this.end(known);
  }
}

/** When a no is told, in milliseconds; or else at a multiple of it. */
const NO_MS = 100;

/** Who made room comes back after so many milliseconds, when those who needed it are likely to be done. */
const LEAVE_MS = 1_000;

function violation(message: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", message);
}
