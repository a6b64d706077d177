/** Stores that follow a model of an unmodified Clojure server, by chance. */
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, identity, isKind, uuid } from "@datahike-sync/edn";
import type { MemoryStore } from "@datahike-sync/store-memory";
import { cases, Random, seed } from "@datahike-sync/testing";
import {
  follow,
  PUBSUB_DIALECT,
  SYNC_DIALECT,
  type TopicDialect,
} from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import { ClojureModel } from "./clojure-model.ts";
import { DB, ends, openStore, until } from "./follow-ends.ts";
import { forestWalker } from "./forest-walker.ts";

const TOPIC = uuid("a0000000-0000-0000-0000-00000000000a");

describe.each([PUBSUB_DIALECT, SYNC_DIALECT])("in the words of $name", (dialect) => {
  test("heads never go back, never show what is not here, and are the server's in the end", async () => {
    for (let i = 0; i < cases(300); i++) {
      const failures = await run(dialect, new Random(i));
      expect(failures, `seed ${seed} case ${i}`).toEqual([]);
    }
  });
});

/** One life of a store. Returns what was wrong. */
async function run(dialect: TopicDialect, random: Random): Promise<string[]> {
  const failures: string[] = [];
  const { peer, server, next } = ends();
  const model = new ClojureModel(ednCodec(), dialect, TOPIC, random);
  const store = await openStore();
  const checks: Promise<void>[] = [];
  const versions = new Map<string, number>();
  store.onCommit(({ operations }) => {
    if (!operations.some(({ key }) => isKind(key, "keyword"))) return;
    checks.push(check(store, versions, failures));
  });
  const following = follow(peer.link(server.dial), TOPIC, store, {
    dialect,
    walker: forestWalker(),
    limits: { gateTimeoutMs: 30, stillMs: 1, sweepMs: 5 },
    onError: (error) => {
      if (error.code !== "TRANSPORT_CLOSED") failures.push(error.code);
    },
  });
  let line = await next();
  model.accept(line);
  for (let steps = random.below(30); steps > 0; steps--) {
    if (random.below(8) === 0) {
      line.break();
      for (let away = random.below(3); away > 0; away--) model.commit();
      line = await next();
      model.accept(line);
    } else if (random.below(2) === 0) {
      model.commit();
    } else {
      await new Promise((resolve) => setTimeout(resolve, random.below(3)));
    }
  }
  await following.synced();
  await until(async () => isShown(store, model));
  await Promise.all(checks);
  await following.close();
  await peer.close();
  return failures;
}

/** What is shown is whole, and not older than what was. */
async function check(
  store: MemoryStore,
  versions: Map<string, number>,
  failures: string[],
): Promise<void> {
  try {
    for await (const { key } of forestWalker().walk(store)) {
      if (!(await store.has(key))) failures.push("a leaf is missing");
    }
  } catch {
    failures.push("a root is missing");
  }
  for await (const { key } of store.keys()) {
    const value = await store.get(key);
    if (!isKind(key, "keyword") || !isVector(value)) continue;
    const version = Number(value[1]);
    const id = identity(key);
    // A branch that was deleted may begin again from wherever.
    if (id === identity(DB) && version < (versions.get(id) ?? 0)) failures.push("a head went back");
    versions.set(id, version);
  }
}

/** Whether all pointers are the server's; cells may be more, since deletes are not told to who is away. */
async function isShown(store: MemoryStore, model: ClojureModel): Promise<boolean> {
  const shown = model.shown();
  for (const [id, value] of shown) {
    const [key = null] = model.entries.get(id) ?? [];
    if (identity((await store.get(key)) ?? null) !== value) return false;
  }
  for await (const { key } of store.keys()) {
    if (isKind(key, "keyword") && !shown.has(identity(key))) return false;
  }
  return true;
}

function isVector(value: Edn | undefined): value is readonly Edn[] {
  return Array.isArray(value);
}
