import { join } from "node:path";
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Store } from "@datahike-sync/core";
import { keyword, print } from "@datahike-sync/edn";
import { LevelStore } from "@datahike-sync/store-level";
import { Random, seed } from "@datahike-sync/testing";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { ClassicLevel } from "classic-level";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { History } from "../src/demo/history.ts";
import { HeldPrimary } from "./held-primary.ts";
import { BUILD_TIMEOUT_MS, build, makeFolder, startService } from "./processes.ts";

const codec = fressianCodec({ handlers: fressianHandlers() });
/** Of about a hundred. */
const MOST_BATCHES = 80;

beforeAll(build, BUILD_TIMEOUT_MS);

describe.each([
  ["SIGTERM", 0],
  ["SIGKILL", "SIGKILL"],
] as const)("%s in the midst of a sync", (signal, end) => {
  test.each([
    ["all of it acknowledged", "held"],
    ["a batch of it under way", "sending"],
  ] as const)(`what is on disk does not come again, with %s (seed ${seed})`, async (_, moment) => {
    const folder = await makeFolder();
    const batches = 1 + new Random(moment.length + end.toString().length, seed).below(MOST_BATCHES);
    const store = await openIn(join(folder, "primary"));
    await History.open(store, codec);
    const primary = await HeldPrimary.serve(store, codec, batches);
    onTestFinished(async () => {
      await primary.close();
      await store.close();
    });
    const flags = {
      primary: primary.lines,
      store: String(primary.storeId),
      folder: join(folder, "replica"),
    };

    const first = await startService(flags);
    await primary[moment];
    expect((await first.get("/ready")).status).toBe(503);
    expect(await first.end(signal), `after ${batches} batches`).toBe(end);
    await primary.left;
    const sent = primary.takeSent();
    const { hasHead, nodes: kept } = await readCopy(flags.folder);
    expect(hasHead).toBe(false);
    expect(kept.filter((node) => !sent.includes(node))).toEqual([]);
    const acknowledged = moment === "held" ? sent : [];
    expect(acknowledged.filter((node) => !kept.includes(node))).toEqual([]);

    primary.release();
    const second = await startService(flags);
    await second.has(1);
    const rest = primary.takeSent();
    expect(rest.filter((node) => kept.includes(node))).toEqual([]);
    expect(await second.end("SIGTERM")).toBe(0);
    const nodes = [...kept, ...rest].toSorted();
    expect(await readCopy(flags.folder)).toEqual({ hasHead: true, nodes });
    expect(await reached(store)).toEqual(nodes);
  });
});

async function openIn(folder: string): Promise<Store> {
  return LevelStore.open(new ClassicLevel(folder), { codec });
}

/** What a service has left in its folder. */
async function readCopy(folder: string): Promise<{ hasHead: boolean; nodes: string[] }> {
  await using copy = await openIn(folder);
  const keys: string[] = [];
  for await (const { key } of copy.keys()) keys.push(print(key));
  const nodes = keys.filter((key) => !POINTERS.includes(key)).toSorted();
  return { hasHead: keys.includes(print(keyword("db"))), nodes };
}

async function reached(store: Store): Promise<string[]> {
  const nodes: string[] = [];
  for await (const step of datahikeWalker().walk(store)) {
    if (step.class === "node") nodes.push(print(step.key));
  }
  return nodes.toSorted();
}

const POINTERS = [":db", ":branches"];
