/** The places of those who catch up, and who has to make room for whom. */
import type { Environment } from "../environment.ts";
import { retryLater } from "./failure.ts";

/** Somebody who catches up. */
export interface Guest {
  /** What he shares with others of his: a line. */
  readonly line: object;
  /** How long the other side has owed something, in milliseconds; 0 where it owes nothing. */
  readonly silentMs: number;
  /** Ends him. The other side comes back, and goes on where it was. */
  leave(): void;
}

/**
 * So many at once, for each costs reads and memory. No line keeps others out by how much it asks for, nor
 * by taking nothing of what it is sent.
 */
export class Places {
  readonly #environment: Environment;
  readonly #guests = new Set<Guest>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get taken(): number {
    return this.#guests.size;
  }

  /**
   * Takes a place. Returns the function that gives it back.
   *
   * @throws {SyncError} `RETRY_LATER` when there is none.
   */
  take(guest: Guest): () => void {
    const { limits, random } = this.#environment;
    if (this.#guests.size >= limits.maxCatchingUp) {
      const leaving = this.#whoLeavesFor(guest);
      if (leaving === undefined) {
        const afterMs = Math.round(RETRY_MS * (1 + SPREAD * random()));
        throw retryLater("too many are catching up", afterMs);
      }
      this.#guests.delete(leaving);
      leaving.leave();
    }
    this.#guests.add(guest);
    return () => {
      this.#guests.delete(guest);
    };
  }

  /** Of the line that has the most, if that is more than fair, whoever is silent longest; or else of all. */
  #whoLeavesFor({ line }: Guest): Guest | undefined {
    const sizes = new Map<object, number>();
    for (const guest of this.#guests) sizes.set(guest.line, (sizes.get(guest.line) ?? 0) + 1);
    const fair = (sizes.get(line) ?? 0) + 1;
    const most = Math.max(...sizes.values());
    const guests = Array.from(this.#guests);
    if (most > fair) return longestSilent(guests.filter((one) => sizes.get(one.line) === most));
    return longestSilent(guests.filter(({ silentMs }) => silentMs >= SILENT_MS));
  }
}

/** When those who were turned away come back at the earliest. */
const RETRY_MS = 1_000;

/** How many times that they are spread over, so that they do not come back all at once. */
const SPREAD = 4;

/** Who owes an answer for so long does not take what he is sent as fast as others would. */
const SILENT_MS = 5_000;

function longestSilent(guests: readonly Guest[]): Guest | undefined {
  let found: Guest | undefined;
  for (const guest of guests) {
    if (found === undefined || guest.silentMs > found.silentMs) found = guest;
  }
  return found;
}
