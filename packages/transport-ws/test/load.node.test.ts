import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cases } from "@datahike-sync/testing";
import type { ChildProgram } from "@datahike-sync/testing/kill";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Crowd, CrowdedPrimary, crowdProgram } from "./crowd.ts";
import { FIRST_CHAPTER, WINDOW_BYTES } from "./crowd-terms.ts";
import { SlowLine } from "./slow-line.ts";

/** All in `npm run prove`. */
const REPLICAS = cases(1_000);
const SECONDS = REPLICAS === 1_000 ? 60 : 5;
const PER_SECOND = 20;
const MIB = 2 ** 20;
const LARGE_BYTES = 256 * 2 ** 10;
const MAX_CATCHING_UP = cases(64);

let program: ChildProgram;
beforeAll(async () => {
  program = await crowdProgram();
});
afterAll(() => program[Symbol.asyncDispose]());

test("many live replicas are told of every commit, and all come back when all were cut at once", async () => {
  await using primary = await CrowdedPrimary.open({
    maxCatchingUp: MAX_CATCHING_UP,
    batchBytes: WINDOW_BYTES,
  });
  await using crowd = Crowd.gather(program, primary.address, REPLICAS);
  await crowd.at(FIRST_CHAPTER);

  await primary.commit(SECONDS * PER_SECOND, PER_SECOND);
  const { chapter, digest } = await primary.endChapter();
  const before = await crowd.at(chapter);
  expect(before).toMatchObject(everything(digest, primary.commits));

  primary.cutAll();
  await primary.store.write(ballast(6));
  await primary.commit(1, PER_SECOND);
  const after = await primary.endChapter();
  await primary.letIn(REPLICAS);
  const report = await crowd.at(after.chapter);
  expect(report).toMatchObject(everything(after.digest, primary.commits));
  expect(report.refusals).toBeGreaterThan(before.refusals);
  expect(primary.mostCatchingUp).toBe(MAX_CATCHING_UP);
}, 600_000);

test("a replica whose line is slow loses nothing, and its neighbours are told of every commit meanwhile", async () => {
  await using primary = await CrowdedPrimary.open({ windowBytes: 2 ** 10, queueEntries: 16 });
  await using line = await SlowLine.open(primary.port, 1024);
  await using fast = Crowd.gather(program, primary.address, 100);
  await using slow = Crowd.gather(program, line.address, 1);
  await Promise.all([fast.at(FIRST_CHAPTER), slow.at(FIRST_CHAPTER)]);

  await primary.commit(SECONDS * PER_SECOND, PER_SECOND);
  const { chapter, digest } = await primary.endChapter();
  expect(await fast.at(chapter)).toMatchObject(everything(digest, primary.commits));
  expect(primary.resyncs).toBeGreaterThan(0);

  line.hurry();
  const after = await primary.endChapter();
  expect(await slow.at(after.chapter)).toMatchObject(everything(after.digest, primary.commits));
  expect(await fast.at(after.chapter)).toMatchObject(everything(after.digest, primary.commits));
}, 600_000);

test("however much is committed, a primary keeps little of it for who is slow", async () => {
  await using primary = await CrowdedPrimary.open({ queueBytes: MIB });
  await using line = await SlowLine.open(primary.port, 1024);
  await using slow = Crowd.gather(program, line.address, 1);
  await slow.at(FIRST_CHAPTER);
  await primary.store.set("large", new Uint8Array(LARGE_BYTES));
  const before = liveBytes();
  let most = 0;
  for (let i = 1; i <= 64 * cases(10); i++) {
    await primary.store.set("large", new Uint8Array(LARGE_BYTES).fill(i));
    // What is sent is sent between two turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (i % 32 === 0) most = Math.max(most, liveBytes() - before);
  }
  expect(most).toBeLessThan(3 * MIB);
  line.hurry();
  const { chapter, digest } = await primary.endChapter();
  expect(await slow.at(chapter)).toMatchObject(everything(digest, 0));
}, 600_000);

/** What a crowd says of which each has all: the same entries, and so many commits, each told once. */
function everything(digest: string, commits: number) {
  return { digests: [digest], told: [commits], disordered: 0 };
}

/** Values of which each takes a window of its own. */
function ballast(count: number) {
  return Array.from({ length: count }, (_, i) => {
    return { op: "set" as const, key: `ballast ${i}`, value: new Uint8Array(WINDOW_BYTES).fill(i) };
  });
}

/** Of the heap and of the buffers beside it, without garbage. */
function liveBytes(): number {
  setFlagsFromString("--expose-gc");
  // `as`: what the flag makes.
  const collect = runInNewContext("gc") as () => void;
  collect();
  // What the first one freed outside of the heap is counted by the second.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
