/** What goes wrong, said in one line that tells what to do. */
import { isSyncError } from "@datahike-sync/core";

/** What the process ends with. */
export const EXIT = {
  failed: 1,
  misused: 2,
  noServer: 3,
  wrongCodec: 4,
  noStore: 5,
  refused: 6,
  dropped: 7,
} as const;

/** An error whose message is for the one who typed the command. */
export class Complaint extends Error {
  readonly exitCode: number;

  constructor(exit: keyof typeof EXIT, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = EXIT[exit];
  }
}

/** The message of an error and of what caused it, on one line, with the code of a `SyncError`. */
export function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let at = error; at !== undefined && words.length < MAX_CAUSES; ) {
    words.push(textOf(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return words.join(": ").replaceAll(/\s+/g, " ");
}

const MAX_CAUSES = 8;

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Whoever dials a name that has several addresses is told all that went wrong, and no message.
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(textOf).join(", ");
  }
  return isSyncError(error) ? `${error.code}, ${error.message}` : error.message;
}
