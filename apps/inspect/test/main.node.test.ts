import { execFile } from "node:child_process";
import { readdir, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Edn, isKind, keyword, read, readAll } from "@datahike-sync/edn";
import { readFixtureText, type StoreName, unpackStore } from "@datahike-sync/fixtures";
import { uuid } from "@datahike-sync/hasch";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Runs the README's first command, less the installation, with these arguments. */
function start(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)("npm", ["start", "--silent", "--", ...args], { cwd: ROOT });
}

test("the bundled store is replicated and read, and the figures are those of the JVM", async () => {
  const { stdout } = await start("--json");
  const report = JSON.parse(stdout);
  const store = "stores/datahike-0.8/medium";
  const lines = async (file: string) => readAll(await readFixtureText(`${store}/${file}`)).length;
  expect(Object.keys(report)).toEqual([
    "keys",
    "reachable",
    "copied",
    "bytes",
    "ms",
    "maxTx",
    "datoms",
    "steps",
  ]);
  expect(report).toMatchObject({
    keys: await lines("keys.edn"),
    reachable: 341,
    copied: 341,
    maxTx: 536870922,
    datoms: {
      eavt: await lines("datoms-eavt.edn"),
      aevt: await lines("datoms-aevt.edn"),
      avet: await lines("datoms-avet.edn"),
    },
  });
  expect(report.bytes).toBeGreaterThan(1_000_000);
});

test("the last three commits arrive one after the other, each with what is new and no more", async () => {
  const { stdout } = await start("--json");
  const { steps } = JSON.parse(stdout);
  expect(steps).toHaveLength(3);
  expect(steps.map(({ maxTx }: { maxTx: number }) => maxTx)).toEqual([
    536870920, 536870921, 536870922,
  ]);
  for (const step of steps) {
    expect(Object.keys(step)).toEqual(["commit", "maxTx", "keys", "bytes", "ms"]);
    expect(step.commit).toMatch(/^[0-9a-f-]{36}$/);
    expect(step.keys).toBeGreaterThan(1);
    expect(step.keys).toBeLessThan(341);
    expect(step.bytes).toBeGreaterThan(step.keys);
  }
});

test("people see what arrives, and get tables with the first entities", async () => {
  const { stdout } = await start();
  expect(stdout.match(/^begins with commit .* max-tx 536870919: \d+ keys/gm)).toHaveLength(1);
  expect(stdout.match(/^receives commit .* \d+ keys/gm)).toHaveLength(3);
  expect(stdout).toMatch(/^keys reachable +341$/m);
  expect(stdout).toMatch(/^max-tx +536870922$/m);
  expect(stdout).toMatch(/^26 .*"item-0"/m);
});

test("any folder can be read", async () => {
  await using store = await unpackStore("datahike-0.6/small");
  const { stdout } = await start("--json", "--path", store.path);
  expect(JSON.parse(stdout)).toMatchObject({ keys: 16, datoms: { eavt: expect.any(Number) } });
});

test("commits of which garbage was collected are not replayed", async () => {
  await using store = await unpackStore("datahike-0.8/small");
  const before = JSON.parse((await start("--json", "--path", store.path)).stdout);
  expect(before.steps).toHaveLength(2);
  const commits = before.steps.map(({ commit }: { commit: string }) => read(`#uuid "${commit}"`));
  const kept = [...(await reached("datahike-0.8/small")), ...commits].map(
    (key) => `${uuid(key)}.ksv`,
  );
  for (const file of await readdir(store.path)) {
    if (!kept.includes(file)) await unlink(join(store.path, file));
  }
  const { steps, ...after } = JSON.parse((await start("--json", "--path", store.path)).stdout);
  expect(steps).toEqual([]);
  expect(after).toMatchObject({ copied: before.copied, datoms: before.datoms });
});

test("a folder that does not exist, and an unknown option, are named in one line", async () => {
  await expect(start("--path", join(tmpdir(), "no-such-folder"))).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("STORE_NOT_FOUND"),
  });
  await expect(start("--colour")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--colour"),
  });
});

test("a node that is missing is named with the path that leads to it", async () => {
  await using store = await unpackStore("datahike-0.8/small");
  const { stdout } = await start("--json", "--path", store.path);
  expect(JSON.parse(stdout).copied).toBeGreaterThan(3);
  const [node = null] = await reached("datahike-0.8/small");
  await unlink(join(store.path, `${uuid(node)}.ksv`));
  await expect(start("--path", store.path)).rejects.toMatchObject({
    stderr: expect.stringContaining("NODE_MISSING"),
  });
});

test("a damaged file that nothing reaches is named and harms nothing", async () => {
  await using store = await unpackStore("datahike-0.8/small");
  const file = `${uuid(keyword("nobody"))}.ksv`;
  await writeFile(join(store.path, file), new Uint8Array(30).fill(0xff));
  const { stdout, stderr } = await start("--json", "--path", store.path);
  expect(stderr).toContain(file);
  expect(JSON.parse(stdout)).toMatchObject({ keys: 16, copied: 6 });
});

test("a damaged file that a root reaches is named", async () => {
  await using store = await unpackStore("datahike-0.8/small");
  const file = `${uuid(keyword("db"))}.ksv`;
  await writeFile(join(store.path, file), new Uint8Array(30).fill(0xff));
  await expect(start("--path", store.path)).rejects.toMatchObject({
    stderr: expect.stringContaining(file),
  });
});

/** The keys that Datahike's own walker reaches. */
async function reached(store: StoreName): Promise<readonly Edn[]> {
  const walked = read(await readFixtureText(`stores/${store}/walker.edn`));
  const keys = isKind(walked, "map") ? walked.get(keyword("keys")) : undefined;
  if (!Array.isArray(keys)) throw new TypeError("no keys");
  return keys as readonly Edn[];
}
