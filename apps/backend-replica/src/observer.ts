/** Watches a subscription and its context for those who look after the service. */
import {
  ERROR_CODES,
  type Subscription,
  type SyncContext,
  type SyncError,
  type SyncEvent,
  type SyncStatus,
} from "@datahike-sync/core";
import { type Health, healthOf } from "./health.ts";
import { factsOf, type Log } from "./log.ts";
import { formatMetrics } from "./metrics.ts";
import type { StatusSource } from "./status-server.ts";

export class Observer implements StatusSource {
  /** Resolves when the subscription has failed. */
  readonly failed: Promise<SyncError>;
  /** Whether the service is about to end. */
  isStopping = false;
  readonly #maxLag: number;
  readonly #log: Log;
  readonly #errors = new Map<string, number>();
  #subscription: Subscription | undefined;
  #context: SyncContext | undefined;
  #phase: SyncStatus["phase"] = "connecting";
  #lastStepAt: number | undefined;
  #fail: (error: SyncError) => void = () => undefined;

  /** @param maxLag Commits that may be missing while this is ready. */
  constructor(maxLag: number, log: Log) {
    this.#maxLag = maxLag;
    this.#log = log;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  observe(context: SyncContext, subscription: Subscription): void {
    this.#context = context;
    this.#subscription = subscription;
    context.onEvent((event) => this.#onEvent(event));
    subscription.on({
      onStatus: (status) => this.#onStatus(status),
      onError: (error) => this.#onError(error),
    });
  }

  health(): Health & Readonly<Record<string, unknown>> {
    const status = this.#subscription?.status ?? BEFORE;
    const { phase, lag, cursor } = status;
    return { ...this.#healthOf(status), phase, lag, cursor };
  }

  metrics(): string {
    const [subscription, context] = [this.#subscription, this.#context];
    if (subscription === undefined || context === undefined) return "";
    const { status } = subscription;
    return formatMetrics({
      status,
      ready: this.#healthOf(status).ready,
      subscription: subscription.stats(),
      context: context.stats(),
      errors: this.#errors,
      lastStepAt: this.#lastStepAt,
      startedAt: performance.timeOrigin,
      residentBytes: process.memoryUsage.rss(),
    });
  }

  #healthOf(status: SyncStatus): Health {
    return healthOf(status, { maxLag: this.#maxLag, isStopping: this.isStopping });
  }

  #onStatus({ phase, lag, cursor, error }: SyncStatus): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#log("info", "phase", { phase, lag, cursor });
    if (phase === "failed" && error !== undefined) this.#fail(error);
  }

  #onError(error: SyncError): void {
    // A primary says its codes itself: who made one up each time would fill the memory with them.
    const meaning = MEANINGS.get(error.code);
    const code = meaning === undefined ? "OTHER" : error.code;
    const count = (this.#errors.get(code) ?? 0) + 1;
    this.#errors.set(code, count);
    // Told once for each key, of which there may be many.
    if (code === "KEY_IS_LOCAL" && count > 1) return;
    this.#log("warning", "error", { ...factsOf(error), meaning });
  }

  #onEvent(event: SyncEvent): void {
    switch (event.type) {
      case "step":
        this.#lastStepAt = Date.now();
        break;
      case "line-opened":
        this.#log("info", event.type, { role: event.role });
        break;
      case "line-closed": {
        const { type, role, error } = event;
        this.#log("info", type, { role, ...(error !== undefined && factsOf(error)) });
        break;
      }
      case "refused":
        this.#log("warning", event.type, factsOf(event.error));
        break;
      case "pruned":
        this.#log("info", event.type, { nodes: event.nodes });
        break;
      case "recycled":
        this.#log("warning", event.type, {
          hint: "this database gives addresses of nodes away again: turn :online-gc off, or :crypto-hash? on",
        });
        break;
      case "fault":
        this.#log("error", event.type, factsOf(event.error));
        break;
      default:
    }
  }
}

const MEANINGS: ReadonlyMap<string, string> = new Map(Object.entries(ERROR_CODES));

/** Before there is a subscription. */
const BEFORE: SyncStatus = {
  phase: "connecting",
  consistent: false,
  cursor: undefined,
  lag: 0,
  skipped: 0,
  error: undefined,
};
