import { join } from "node:path";
import type { ReadableStore } from "@datahike-sync/core";
import { type Edn, equals, identity, print } from "@datahike-sync/edn";
import { FileStore } from "@datahike-sync/store-file";
import { LevelStore } from "@datahike-sync/store-level";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { ClassicLevel } from "classic-level";
import { expect, test } from "vitest";
import { type CodecName, storeCodec } from "../src/codecs.ts";
import { redoCommit, undoCommit } from "../src/demo/last-commit.ts";
import { Stage } from "./commands.ts";

test.concurrent.for([
  ["cbor", ["pubsub into a LevelDB", "sync into a folder"]],
  ["fressian", ["pubsub into a folder", "sync into a LevelDB"]],
  ["transit", ["pubsub into a LevelDB"]],
  ["edn", ["sync into a LevelDB"]],
] as const)(
  "in %s: %j, all that a database is made of arrives, and what is written then",
  async ([codec, ways], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const path = await stage.database();
    const head = await undoCommit(path);
    const folder = await stage.folder();
    const { child, url, storeId } = await stage.server(path, "--codec", codec);
    const followers = ways.map((way) => {
      const [dialect = ""] = way.split(" ");
      const flag = way.endsWith("folder") ? "--folder" : "--level";
      const flags = ["--codec", codec, "--dialect", dialect, "--store", storeId];
      return stage.follow(url, ...flags, flag, join(folder, way));
    });
    for (const follower of followers) {
      await follower.says("live");
      expect(await follower.says("step 1")).toContain(":db at 536870913");
    }
    await redoCommit(path, head);
    for (const follower of followers) {
      expect(await follower.says("step 2")).toContain(":db at 536870914");
      expect([await follower.end("SIGINT"), follower.complaint]).toEqual([0, ""]);
    }
    expect([await child.end("SIGINT"), child.complaint]).toEqual([0, ""]);
    await using source = await openFolder(path);
    for (const way of ways) {
      const copy = join(folder, way);
      await using target = await (way.endsWith("folder")
        ? openFolder(copy)
        : openLevel(copy, codec));
      expect(await differences(source, target)).toEqual([]);
    }
  },
);

test.concurrent("what was begun goes on where it was, and in a copy of a copy", async ({
  onTestFinished,
}) => {
  const stage = new Stage(onTestFinished);
  const path = await stage.database();
  const head = await undoCommit(path);
  const folder = await stage.folder();
  const first = await stage.server(path);
  const to = (name: string) => ["--store", first.storeId, "--folder", join(folder, name)];
  const follower = stage.follow(first.url, ...to("copy"));
  await follower.says("live");
  expect(await follower.end("SIGTERM")).toBe(0);
  await redoCommit(path, head);
  const again = stage.follow(first.url, ...to("copy"));
  await again.says("live");
  expect(await again.end("SIGTERM")).toBe(0);
  const second = await stage.server(join(folder, "copy"));
  expect(second.storeId).toBe(first.storeId);
  const last = stage.follow(second.url, ...to("copy of it"));
  await last.says("live");
  expect(await last.end("SIGINT")).toBe(0);
  await using source = await openFolder(path);
  await using target = await openFolder(join(folder, "copy of it"));
  expect(await differences(source, target)).toEqual([]);
});

type Opened = ReadableStore & AsyncDisposable;

function openFolder(path: string): Promise<Opened> {
  const codec = [storeCodec("fressian"), storeCodec("cbor")];
  return FileStore.open({ path, codec, readOnly: true });
}

function openLevel(path: string, codec: CodecName): Promise<Opened> {
  return LevelStore.open(new ClassicLevel(path), { codec: storeCodec(codec) });
}

/** Keys that a copy lacks of what the database is made of, and those that it has otherwise. */
async function differences(source: ReadableStore, copy: ReadableStore): Promise<string[]> {
  const keys = new Map<string, Edn>();
  for await (const { key } of copy.keys()) keys.set(identity(key), key);
  for await (const { key } of datahikeWalker().walk(source)) keys.set(identity(key), key);
  const found: string[] = [];
  for (const key of keys.values()) {
    const [original, copied] = await Promise.all([source.get(key), copy.get(key)]);
    const isSame = original !== undefined && copied !== undefined && equals(original, copied);
    if (!isSame) found.push(print(key));
  }
  return found;
}
