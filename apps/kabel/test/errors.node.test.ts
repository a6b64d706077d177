import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Child } from "@datahike-sync/testing/child";
import { beforeAll, expect, test } from "vitest";
import { NOBODY, type Server, SOME_STORE, Stage } from "./commands.ts";

/** Of CBOR, for whoever comes. */
let shared: Server;

beforeAll(async () => {
  const ends: (() => Promise<void>)[] = [];
  const stage = new Stage((end) => ends.unshift(end));
  shared = await stage.server(await stage.database());
  return async () => {
    for (const end of ends) await end();
  };
});

test.concurrent("where nothing listens", async ({ onTestFinished }) => {
  const stage = new Stage(onTestFinished);
  const child = stage.follow(NOBODY, ...(await into(stage, SOME_STORE)));
  const words = `no server takes lines at ${NOBODY}/: start it, or correct the address`;
  expect(await endOf(child)).toEqual([3, expect.stringContaining(words)]);
  expect(child.complaint).toContain("ECONNREFUSED");
});

test.concurrent.for([
  ["cbor", "edn", "cbor"],
  ["fressian", "cbor", "fressian"],
  ["edn", "cbor", "another"],
] as const)(
  "a server of %s that is followed in %s",
  async ([theirs, ours, hint], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const { url, storeId } =
      theirs === "cbor" ? shared : await stage.server(await stage.database(), "--codec", theirs);
    const child = stage.follow(url, ...(await into(stage, storeId)), "--codec", ours);
    const words = `the server does not speak ${ours}: give --codec ${hint}`;
    expect(await endOf(child)).toEqual([4, words]);
  },
);

test.concurrent.for([
  ["pubsub", "the :id of its :store"],
  ["sync", "the whole :store as it is configured there"],
] as const)(
  "a store that the server has not, in the words of %s",
  async ([dialect, hint], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const child = stage.follow(
      shared.url,
      ...(await into(stage, SOME_STORE)),
      "--dialect",
      dialect,
    );
    const words = `the server has no store ${SOME_STORE}: give --store ${hint}`;
    expect(await endOf(child)).toEqual([5, words]);
  },
);

test.concurrent("a server that asks for a token", async ({ onTestFinished }) => {
  const stage = new Stage(onTestFinished);
  const { url, storeId } = await stage.server(await stage.database(), "--token", "öl");
  const none = stage.follow(url, ...(await into(stage, storeId)));
  const wrong = stage.follow(
    url,
    ...(await into(stage, storeId)),
    "--token",
    "oil",
    "--dialect",
    "sync",
  );
  const right = stage.follow(url, ...(await into(stage, storeId)), "--token", "öl");
  expect(await endOf(none)).toEqual([6, expect.stringMatching(/^the server wants .* --token$/)]);
  expect(await endOf(wrong)).toEqual([6, expect.stringMatching(/refused .* --token another$/)]);
  await right.says("live");
  expect(await right.end("SIGTERM")).toBe(0);
});

test.concurrent.for(["SIGKILL", "SIGINT"] as const)(
  "a line that drops at %s",
  async (signal, { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const path = await stage.database();
    const { child: server, url, storeId } = await stage.server(path);
    const child = stage.follow(url, ...(await into(stage, storeId)));
    await child.says("live");
    await server.end(signal);
    const words = "the line dropped, run this again to go on where it was";
    expect(await endOf(child)).toEqual([7, expect.stringContaining(words)]);
  },
);

test.concurrent("a copy that another process has", async ({ onTestFinished }) => {
  const stage = new Stage(onTestFinished);
  const flags = await into(stage, shared.storeId);
  await stage.follow(shared.url, ...flags).says("live");
  const words = `${flags.at(-1)} is in use: end who has it, or give another`;
  expect(await endOf(stage.follow(shared.url, ...flags))).toEqual([1, words]);
});

test.concurrent("a folder that is not there, and one that is no database", async ({
  onTestFinished,
}) => {
  const stage = new Stage(onTestFinished);
  const folder = await stage.folder();
  const none = join(folder, "none");
  const words = `there is no folder ${none}: give --path another`;
  expect(await endOf(stage.serve("--path", none))).toEqual([1, words]);
  const others = `${folder} holds no Datahike database that can be read: give --path another`;
  expect(await endOf(stage.serve("--path", folder))).toEqual([1, expect.stringContaining(others)]);
});

test.concurrent("a port that is taken", async ({ onTestFinished }) => {
  const stage = new Stage(onTestFinished);
  const { port } = new URL(shared.url);
  const child = stage.serve("--path", await stage.database(), "--port", port);
  const words = `port ${port} of 127.0.0.1 is not to be had: give another --port or --host`;
  expect(await endOf(child)).toEqual([1, expect.stringContaining(words)]);
});

test.concurrent("Ctrl-C is heard while a server does not answer", async ({ onTestFinished }) => {
  const stage = new Stage(onTestFinished);
  const silent = createServer();
  onTestFinished(() => void silent.close());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("it is at no port");
  const dialed = once(silent, "connection");
  const url = `ws://127.0.0.1:${address.port}`;
  const child = stage.follow(url, ...(await into(stage, SOME_STORE)));
  await dialed;
  expect([await child.end("SIGINT"), child.complaint]).toEqual([0, ""]);
});

async function into(stage: Stage, storeId: string): Promise<string[]> {
  return ["--store", storeId, "--level", join(await stage.folder(), "copy")];
}

/** Its exit code, and the one line that it said to that. */
async function endOf(child: Child): Promise<[code: number | string, words: string]> {
  const code = await child.ended;
  const [, words] = /^error: ([^\n]+)\n$/.exec(child.complaint) ?? [];
  if (words === undefined) throw new Error(`it said other than one line: ${child.complaint}`);
  return [code, words];
}
