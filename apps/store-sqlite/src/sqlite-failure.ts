/** What the errors of SQLite libraries say. */
import { SyncError } from "@datahike-sync/core";

/** The error with a code of ours, where there is one for it; else the error as it is. */
export function toKnown(error: unknown): unknown {
  const [code, message] = OURS[primaryCode(error)] ?? [];
  if (code === undefined || message === undefined) return error;
  return new SyncError(code, message, { cause: error });
}

/** That a statement cannot be run: of a table that exists already, among others. */
export const SQLITE_ERROR = 1;

/** By SQLite's primary result codes. */
const OURS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  5: ["STORE_LOCKED", "the database is open elsewhere"],
  6: ["STORE_LOCKED", "the database is open elsewhere"],
  8: ["STORE_READ_ONLY", "the database cannot be written"],
  11: ["ENTRY_UNREADABLE", "the database is damaged"],
  13: ["QUOTA_EXCEEDED", "there is no room for the database"],
  26: ["ENTRY_UNREADABLE", "the file is no database"],
};

/** SQLite's result code, less its details; 0 of no error of SQLite. */
export function primaryCode(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  // The same number has another name in each library; one of them has its name alone.
  if ("errcode" in error) return Number(error.errcode) & 0xff;
  if ("resultCode" in error) return Number(error.resultCode) & 0xff;
  if (!("code" in error)) return 0;
  const [name] = /^SQLITE_[A-Z]+/.exec(String(error.code)) ?? [];
  return name === undefined ? 0 : (NAMES[name] ?? 0);
}

const NAMES: Readonly<Record<string, number>> = {
  SQLITE_ERROR,
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_NOTADB: 26,
};
