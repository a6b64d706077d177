/** What the service says: one JSON object a line. */
import { isSyncError } from "@datahike-sync/core";

/** Tells what happened. Facts are small: names, counts, codes. */
export type Log = (
  level: "info" | "warning" | "error",
  event: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;

/** A log that writes lines to somebody. */
export function jsonLog(write: (line: string) => void): Log {
  return (level, event, facts) => {
    write(JSON.stringify({ time: new Date().toISOString(), level, event, ...facts }));
  };
}

/**
 * What an error and its causes say, since the system's words are among them, and the first code that
 * one of them has.
 */
export function factsOf(error: unknown): { readonly code?: string; readonly message: string } {
  const messages: string[] = [];
  let code: string | undefined;
  for (let at = error; at !== undefined && messages.length < MAX_CAUSES; ) {
    messages.push(textOf(at));
    if (isSyncError(at)) code ??= at.code;
    at = at instanceof Error ? at.cause : undefined;
  }
  return { ...(code !== undefined && { code }), message: messages.join(": ") };
}

const MAX_CAUSES = 8;

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Whoever dials a name that has several addresses is told all that went wrong, and no message.
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(textOf).join(", ");
  }
  return error.message;
}
