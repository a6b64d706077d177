/** Stores that follow over kabel, in a world of virtual time in which everything fails by chance. */
import { cases, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import { ACTION_NAMES } from "./campaign/faults.ts";
import { simulate } from "./campaign/simulate.ts";

const SEEDS = cases(1500);

/** What so many runs come upon, beside what is done to them. */
const MET: readonly string[] = [
  ...ACTION_NAMES,
  ...["pubsub", "sync"].flatMap((name) => [`${name} of a Clojure server`, `${name} of ours`]),
  ...["fressian", "cbor", "transit-json", "transit-msgpack", "text"].map(
    (name) => `frames in ${name}`,
  ),
  "served plainly",
  "served under a walker",
  "followed without a walker",
  "a relay",
  "two on one link",
  "two processes on one store",
  "a transaction",
  "cells change",
  "several keys are written as one",
  "a head is set back",
  "a branch is deleted",
  "garbage is collected",
  "nodes come late",
  "nodes come never",
  "a publication leaks",
  "an acknowledgement comes too soon",
  "a handshake ends early",
  "a handshake is given up",
  "a subscription is refused",
  "killed before a commit",
  "killed behind a commit",
  "error NODE_MISSING",
  "error CURSOR_MOVED",
  "error STORE_NOT_FOUND",
  "error UNAUTHORIZED",
];

test("the same seed gives the same trace, and another one another", async () => {
  for (let offset = 0; offset < 5; offset++) {
    const { trace } = await simulate(seed + offset);
    expect((await simulate(seed + offset)).trace).toEqual(trace);
    expect((await simulate(seed + offset + 100)).trace).not.toEqual(trace);
  }
});

test(`${SEEDS} seeds violate nothing, and meet everything`, async () => {
  const met = new Set<string>();
  for (let offset = 0; offset < SEEDS; offset++) {
    const run = await simulate(seed + offset);
    for (const what of run.met.keys()) met.add(what);
    if (run.violation === undefined) continue;
    const repeat = `repeat: SEED=${run.seed} npx vitest run packages/transport-kabel/test/campaign.test.ts`;
    throw new Error([`seed ${run.seed}: ${run.violation}`, ...run.trace, repeat].join("\n"));
  }
  expect(MET.filter((what) => !met.has(what))).toEqual([]);
});
