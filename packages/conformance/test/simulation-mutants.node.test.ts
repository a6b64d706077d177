import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { campaign, type Engine } from "@datahike-sync/conformance/simulation";
import { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";
import { afterAll, describe, expect, test } from "vitest";
import { MUTANTS, type Mutant } from "./engine-mutants.ts";

/** Beside this package's sources, so that the copies find the packages that they import. */
const FOLDER = fileURLToPath(new URL("../.mutants", import.meta.url));
const SOURCE = fileURLToPath(new URL("../../core/src", import.meta.url));
const MOST_SEEDS = 500;

afterAll(() => rm(FOLDER, { recursive: true, force: true }));

test("the engine itself passes the seeds that catch its faults", async () => {
  const engine = { createSyncContext, openObjectStore, openStore };
  const { failures } = await campaign({ engine, seeds: MOST_SEEDS, from: 1 });
  expect(failures.map(({ seed, violation }) => `${seed}: ${violation}`)).toEqual([]);
});

describe("an engine with a fault is caught", () => {
  test.each(MUTANTS)("$name", async (mutant) => {
    const engine = await engineWith(mutant);
    const { failures } = await campaign({ engine, seeds: MOST_SEEDS, from: 1 });
    expect(failures.length, "the fault was not seen").toBe(1);
  });
});

/** The engine with this fault. */
async function engineWith({ name, changes }: Mutant): Promise<Engine> {
  const folder = join(FOLDER, name.replaceAll(" ", "-"));
  await mkdir(FOLDER, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await cp(SOURCE, folder, { recursive: true });
  for (const { file, find, replace } of changes) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    expect(text.split(find).length - 1, `how often ${file} has ${JSON.stringify(find)}`).toBe(1);
    await writeFile(
      path,
      text.replace(find, () => replace),
    );
  }
  return import(/* @vite-ignore */ pathToFileURL(join(folder, "index.ts")).href);
}
