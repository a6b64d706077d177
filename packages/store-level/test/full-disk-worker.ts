/** Commits on a disk that is full now and then, and is killed at the end. */
import { readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isSyncError } from "@datahike-sync/edn";
import { Random } from "@datahike-sync/testing";
import { NumberedCommits } from "@datahike-sync/testing/kill";
import { openIn, STORE_ID } from "./classic-store.ts";
import { limitFiles } from "./file-limit.ts";

/** What it says when it has done everything. */
export interface FullDiskReport {
  /** How many commits were acknowledged. */
  readonly commits: number;
  /** How many were refused for want of room. */
  readonly refused: number;
  /** After how many of those nothing could be read, for want of room to open the database again. */
  readonly unreadable: number;
}

const [, , folder = "", seed, rounds] = process.argv;
const store = await openIn(folder);
const numbered = new NumberedCommits(STORE_ID, Number(seed));
const report = { commits: 0, refused: 0, unreadable: 0 };

for (let round = 0; round < Number(rounds); round++) {
  const random = new Random(round + 1, Number(seed));
  const kind = random.below(3);
  limitFiles(kind === 0 ? 0 : random.below(60_000) + (kind === 1 ? 0 : largestFile()));
  const most = report.refused + 4;
  for (let tried = 0; tried < 60 && report.refused < most; tried++) {
    if (!(await tryCommit())) await tryRead();
  }
  limitFiles("unlimited");
  // LevelDB may have failed while nobody wrote, and tells the next.
  if (!(await tryCommit()) && !(await tryCommit())) throw new Error("there is room, and no commit");
  const wrong = await numbered.wrongIn(store, report.commits);
  if (wrong !== undefined) throw new Error(`round ${round}: ${wrong}`);
}
writeSync(1, JSON.stringify(report satisfies FullDiskReport));
process.kill(process.pid, "SIGKILL");

/** Whether it was made. */
async function tryCommit(): Promise<boolean> {
  try {
    await numbered.write(store, report.commits);
    report.commits++;
    return true;
  } catch (error) {
    if (!isSyncError(error, "QUOTA_EXCEEDED")) throw error;
    report.refused++;
    return false;
  }
}

/** After a commit that was refused nothing of it is there, and everything before it. */
async function tryRead(): Promise<void> {
  try {
    const count = await numbered.countIn(store);
    if (count !== report.commits) throw new Error(`${count} commits, not ${report.commits}`);
  } catch (error) {
    if (!isSyncError(error, "QUOTA_EXCEEDED")) throw error;
    report.unreadable++;
  }
}

function largestFile(): number {
  return Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).size));
}
