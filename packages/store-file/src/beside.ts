/** The folder beside konserve's, where what is not konserve's lives, and the making of both. */
import { dirname, resolve } from "node:path";
import { SyncError } from "@datahike-sync/core";
import { type Disk, hasCode } from "./disk.ts";
import { notFound } from "./folder.ts";

/** The folder beside the one at this path. */
export function besideOf(path: string): string {
  return `${path}.sync`;
}

/**
 * Makes both folders where they are not there. Resolves to the first one's path without symbolic links:
 * whoever comes to it by another way finds the same lock.
 *
 * @throws {SyncError} `STORE_NOT_FOUND` where something else has the name; `STORE_UNAVAILABLE` where files
 * cannot be moved from one to the other.
 */
export async function makeFolders(disk: Disk, path: string): Promise<string> {
  const first = await disk.makeFolder(path).catch((cause: unknown) => {
    throw hasCode(cause, "EEXIST") || hasCode(cause, "ENOTDIR") ? notFound(path, cause) : cause;
  });
  if (first !== undefined) await syncAbove(disk, resolve(path), resolve(first));
  const real = await disk.realPath(path);
  const beside = besideOf(real);
  await disk.makeFolder(beside);
  await disk.syncFolder(dirname(real));
  const [one, other] = await Promise.all([disk.stat(real), disk.stat(beside)]);
  if (one.dev === other.dev) return real;
  throw new SyncError("STORE_UNAVAILABLE", "the folder and the one beside it are on two disks", {
    details: { path: real, beside },
  });
}

/** Has it on disk that these folders are there, from the one up to the other. */
async function syncAbove(disk: Disk, path: string, first: string): Promise<void> {
  for (let at = path; at.length >= first.length; at = dirname(at)) {
    await disk.syncFolder(dirname(at));
    if (at === first) return;
  }
}
