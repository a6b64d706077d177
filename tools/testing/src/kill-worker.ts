/** What runs in a process that a test kills. */
import { writeSync } from "node:fs";
import { NumberedCommits, type NumberedStore } from "./numbered-commits.ts";

/**
 * Opens the store in the folder that the process was started with and commits until it is killed. Tells
 * the number of commits when it begins, and after each.
 */
export async function commitUntilKilled(
  open: (folder: string) => Promise<NumberedStore>,
  storeId: unknown,
): Promise<never> {
  const [, , folder = "", seed] = process.argv;
  const store = await open(folder);
  const numbered = new NumberedCommits(storeId, Number(seed));
  for (let count = await numbered.countIn(store); ; count++) {
    // At once, and not when there is time for it: what was written when the process dies counts.
    writeSync(1, `${count}\n`);
    await numbered.write(store, count);
  }
}
