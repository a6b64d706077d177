/** Tells what arrives. */
import type { Operation, SyncError, SyncProgress } from "@datahike-sync/core";
import { EdnMap, keyword, print } from "@datahike-sync/edn";
import type { FollowListeners, FollowStatus, FollowStep } from "@datahike-sync/transport-kabel";
import { isDbRecord } from "@datahike-sync/walker-datahike";
import { wordsOf } from "../complaint.ts";

/** One line each. */
export class Arrivals implements FollowListeners {
  readonly #say: (what: string, facts: string) => void;
  #received = 0;
  #error: SyncError | undefined;

  constructor(say: (what: string, facts: string) => void) {
    this.#say = say;
  }

  readonly onProgress = ({ received }: SyncProgress): void => {
    this.#received = received;
  };

  readonly onStep = ({ cursor, operations }: FollowStep): void => {
    this.#say(`step ${cursor.seq}`, factsOf(operations));
  };

  /** Why it begins again; why it fails is told by the end. */
  readonly onError = (error: SyncError): void => {
    this.#error = error;
  };

  readonly onStatus = ({ phase, unconfirmed }: FollowStatus): void => {
    const error = this.#error;
    this.#error = undefined;
    if (phase === "syncing" && error !== undefined) this.#say("again", wordsOf(error));
    if (phase !== "live") return;
    const stale = unconfirmed === 0 ? "" : `; ${unconfirmed} entries here it did not mention`;
    this.#say("live", `all that the server has is here, ${this.#received} entries came${stale}`);
  };
}

function factsOf(operations: readonly Operation[]): string {
  const facts = operations.slice(0, MAX_TOLD).map(factOf);
  const more = operations.length - facts.length;
  return `${facts.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const MAX_TOLD = 6;

function factOf(operation: Operation): string {
  const key = print(operation.key);
  if (operation.op === "delete") return `${key} is deleted`;
  const { value } = operation;
  return value instanceof EdnMap && isDbRecord(value)
    ? `${key} at ${print(value.get(keyword("max-tx")) ?? null)}`
    : key;
}
