/** Those who are told what a store that follows does. */
import { type Edn, identity, isSyncError, type SyncError } from "@datahike-sync/edn";
import { isEncoded } from "../codec.ts";
import type { FeedOperation, StepCursor } from "../feed.ts";
import { Listeners } from "../listeners.ts";
import type {
  KeyChange,
  SubscriptionListeners,
  SyncProgress,
  SyncStatus,
  SyncStep,
} from "../sync.ts";

export class FollowerListeners {
  readonly progress: Listeners<SyncProgress> = new Listeners();
  readonly status: Listeners<SyncStatus> = new Listeners();
  readonly errors: Listeners<SyncError> = new Listeners();
  readonly complete: Listeners<StepCursor> = new Listeners();
  readonly #steps = new Listeners<SyncStep>();
  readonly #keys = new Map<string, Listeners<KeyChange>>();

  /** Whether anybody wants to know what steps change. */
  get wantSteps(): boolean {
    return this.#keys.size > 0 || !this.#steps.isEmpty;
  }

  add(listeners: SubscriptionListeners): () => void {
    const { onProgress, onStatus, onError, onComplete, onStep } = listeners;
    const stops = [
      onProgress && this.progress.add(onProgress),
      onStatus && this.status.add(onStatus),
      onError && this.errors.add(onError),
      onComplete && this.complete.add(onComplete),
      onStep && this.#steps.add(onStep),
    ];
    return () => {
      for (const stop of stops) stop?.();
    };
  }

  addKey(key: Edn, listener: (change: KeyChange) => void): () => void {
    const id = identity(key);
    const listeners = this.#keys.get(id) ?? new Listeners<KeyChange>();
    this.#keys.set(id, listeners);
    const stop = listeners.add(listener);
    return () => {
      stop();
      if (listeners.isEmpty && this.#keys.get(id) === listeners) this.#keys.delete(id);
    };
  }

  tellStep(step: SyncStep): void {
    this.#steps.tell(step);
    if (this.#keys.size === 0) return;
    const changed = new Map<string, FeedOperation>();
    for (const operation of step.operations) {
      const id = identity(operation.key);
      if (this.#keys.has(id)) changed.set(id, operation);
    }
    for (const [id, operation] of changed) {
      try {
        const value = valueOf(operation);
        this.#keys.get(id)?.tell({ key: operation.key, value, cursor: step.cursor });
      } catch (error) {
        // Bytes that are no value: they are in the store as they came, and this is all there is to say.
        if (!isSyncError(error)) throw error;
        this.errors.tell(error);
      }
    }
  }
}

function valueOf(operation: FeedOperation): Edn | undefined {
  if (operation.op === "delete") return undefined;
  return isEncoded(operation.value) ? operation.value.decode() : operation.value;
}
