/** Erases a store: who ends while he does it leaves something that the next opener erases to its end. */
import { dirname, join } from "node:path";
import { besideOf } from "./beside.ts";
import { type Disk, removeIfThere } from "./disk.ts";
import { isKonserveFile } from "./file-name.ts";
import { forEach } from "./work.ts";

/**
 * Removes everything that is konserve's or this store's, and the folders if nothing else is there; the
 * lock last. Takes no room on a disk that is full.
 */
export async function erase(disk: Disk, path: string): Promise<void> {
  const beside = besideOf(path);
  // From now on there is no store: half of one would have pointers without nodes, or standings without entries.
  await disk.rename(join(beside, JOURNAL), join(beside, MARK));
  await disk.syncFolder(beside);
  await finishErasing(disk, path);
  for (const folder of [path, beside]) {
    const isOurs = folder === beside ? () => true : isKonserveFile;
    const names = await disk.list(folder);
    await forEach(names.filter(isOurs), (name) => removeIfThere(disk, join(folder, name)));
    if (names.every(isOurs)) await disk.removeFolder(folder);
    await disk.syncFolder(dirname(folder));
  }
}

/** Makes a store empty that somebody has begun to erase. */
export async function finishErasing(disk: Disk, path: string): Promise<void> {
  const beside = besideOf(path);
  if (!(await disk.list(beside)).includes(MARK)) return;
  await removeFrom(disk, path, isKonserveFile);
  await removeFrom(disk, beside, (name) => !KEPT.test(name));
  await disk.remove(join(beside, MARK));
  await disk.syncFolder(beside);
}

/** Of an open store it is always there. */
const JOURNAL = "journal-0";
const MARK = "erasing";
/** The mark, and who has the store or wants it. */
const KEPT = /^(?:erasing$|lock-|free-|claim-)/;

async function removeFrom(
  disk: Disk,
  folder: string,
  isToGo: (name: string) => boolean,
): Promise<void> {
  const names = (await disk.list(folder)).filter(isToGo);
  await forEach(names, (name) => removeIfThere(disk, join(folder, name)));
  await disk.syncFolder(folder);
}
