import { cases, Random, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import type { OpfsTask } from "./opfs-worker.ts";

test("a worker that is terminated leaves whole commits, and all that were acknowledged", async () => {
  let commits = 0;
  for (let round = 0; round < cases(30); round++) {
    const acknowledged = await commitUntilTerminated(new Random(round));
    const { wrong, count } = await look(acknowledged);
    expect(wrong).toBeUndefined();
    expect(count).toBeGreaterThanOrEqual(commits);
    commits = count;
  }
  expect(commits).toBeGreaterThan(cases(30));
}, 3_600_000);

/** Resolves to the number of the last commit that it said was on disk. */
function commitUntilTerminated(random: Random): Promise<number> {
  const worker = start({ seed });
  const commits = random.below(20);
  const delayMs = random.next() * 5;
  let told = 0;
  let acknowledged = 0;
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<number>) => {
      acknowledged = data;
      if (told++ < commits) return;
      setTimeout(() => {
        worker.terminate();
        resolve(acknowledged);
      }, delayMs);
    };
  });
}

function look(acknowledged: number): Promise<{ wrong?: string; count: number }> {
  const worker = start({ seed, acknowledged });
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
  });
}

function start(task: OpfsTask): Worker {
  const worker = new Worker(new URL("./opfs-worker.ts", import.meta.url), { type: "module" });
  worker.postMessage(task);
  return worker;
}
