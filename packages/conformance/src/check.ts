/** Checks whose failures are errors that say what was wrong. */
import { isSyncError, type SyncError } from "@datahike-sync/core";

export { sameBytes } from "@datahike-sync/core/store-parts";

/** Throws `message`, made only then, unless `condition` holds. */
export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof message === "string" ? message : message());
}

/** Checks that an error is a `SyncError` with one of these codes. */
export function checkError(error: unknown, codes: readonly string[], what: string): SyncError {
  check(
    isSyncError(error) && codes.includes(error.code),
    () => `${what}: ${describe(error)} instead of ${codes.join(" or ")}`,
  );
  return error;
}

/** Waits for a promise to reject with a `SyncError` of this code. */
export async function checkRejects(
  promise: Promise<unknown>,
  code: string,
  what: string,
): Promise<SyncError> {
  return checkError(await failureOf(promise), [code], what);
}

/** What a promise rejects with, `undefined` when it resolves. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error ?? new Error("a rejection without an error"),
  );
}

/** What a function throws, `undefined` when it returns. */
export function thrownBy(job: () => unknown): unknown {
  try {
    job();
  } catch (error) {
    return error ?? new Error("something thrown that is no error");
  }
  return undefined;
}

/** An error, or its absence, in a few words. */
export function describe(error: unknown): string {
  if (error === undefined) return "no error";
  if (isSyncError(error)) return `SyncError ${error.code} (${error.message})`;
  return error instanceof Error ? `${error.name} (${error.message})` : `a thrown ${typeof error}`;
}
