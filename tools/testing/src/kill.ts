/** Kills processes in the middle of their commits, and looks at what they leave. */
import { setTimeout } from "node:timers/promises";
import { type Child, ChildProgram } from "./child-program.ts";
import { NumberedCommits, type NumberedStore } from "./numbered-commits.ts";
import { Random } from "./random.ts";

export { Child, ChildProgram } from "./child-program.ts";
export {
  NumberedCommits,
  type NumberedOperation,
  type NumberedStore,
} from "./numbered-commits.ts";

export interface KillOptions {
  /** The module of the process: it calls `commitUntilKilled` of `@datahike-sync/testing/kill-worker`. */
  readonly worker: URL;
  /** Where the store is kept. Empty at first; each process goes on where the one before was killed. */
  readonly folder: string;
  /** Opens the store, as the worker does. */
  readonly open: (folder: string) => Promise<NumberedStore>;
  /** The id that the worker uses, a `Uuid`. */
  readonly storeId: unknown;
  readonly kills: number;
  readonly seed: number;
}

/** What happened, so that a test can say that it was enough. */
export interface KillReport {
  /** How many commits there are in the end. */
  readonly commits: number;
  /** How many processes were killed after a commit was on disk, and before they could say so. */
  readonly untold: number;
}

/**
 * Kills a process (SIGKILL) at a random moment of its commits, opens the store that it leaves, looks at
 * it, closes it, and begins again.
 *
 * @throws {Error} when something acknowledged is lost, a commit is there in part, or the standing is of
 * another commit than the data.
 */
export async function surviveKills(options: KillOptions): Promise<KillReport> {
  const { worker, folder, open, storeId, kills, seed } = options;
  const program = await ChildProgram.make(worker);
  const numbered = new NumberedCommits(storeId, seed);
  let commits = 0;
  let untold = 0;
  try {
    for (let kill = 0; kill < kills; kill++) {
      const child = program.start(folder, String(seed));
      const acknowledged = await killSoon(child, new Random(kill, seed));
      const store = await open(folder);
      try {
        const wrong = await numbered.wrongIn(store, acknowledged);
        if (wrong !== undefined) throw new Error(`kill ${kill} of seed ${seed}: ${wrong}`);
        commits = await numbered.countIn(store);
        if (commits > acknowledged) untold++;
      } finally {
        await store.close();
      }
    }
  } finally {
    await program[Symbol.asyncDispose]();
  }
  return { commits, untold };
}

/** Resolves to the number of the last commit that the process said was on disk. */
async function killSoon(child: Child, random: Random): Promise<number> {
  const commits = random.below(MOST_COMMITS);
  const delayMs = random.next() * LONGEST_DELAY_MS;
  let told = 0;
  let acknowledged = 0;
  for await (const line of child.lines()) {
    acknowledged = Number(line);
    told++;
    // Sooner or later within the next commit, or within one of those after it.
    if (told === commits + 1) void setTimeout(delayMs).then(() => child.kill());
  }
  const { signal, complaint } = await child.ended;
  if (signal === "SIGKILL" && complaint === "") return acknowledged;
  throw new Error(`the process was not killed, but ended: ${complaint}`);
}

const MOST_COMMITS = 20;
const LONGEST_DELAY_MS = 5;
