/** A command as a process: how it is told to end, and what its end says. */
import { Complaint, EXIT, wordsOf } from "./complaint.ts";

/**
 * Runs a command until it is over, or ends by a signal to end, of which it is told. What it throws
 * becomes one line and an exit code.
 */
export async function run(command: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const over = new AbortController();
  // Not only the first: under npm one Ctrl-C arrives twice, from the terminal and from npm.
  for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => over.abort());
  try {
    await command(over.signal);
  } catch (error) {
    if (error === over.signal.reason) return;
    console.error(`error: ${error instanceof Complaint ? error.message : wordsOf(error)}`);
    process.exitCode = error instanceof Complaint ? error.exitCode : EXIT.failed;
  }
}

/** Resolves when the signal aborts, or has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Prints what happened: a word for it, and the facts. */
export function say(what: string, facts: string): void {
  console.log(`${what.padEnd(WIDTH)} ${facts}`);
}

const WIDTH = 10;
