import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ERROR_CODES, isSyncError, SyncError } from "@datahike-sync/core";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

test("every code that a package throws is listed", async () => {
  const unlisted: string[] = [];
  let thrown = 0;
  for (const file of await sources()) {
    for (const [, code = ""] of (await readFile(file, "utf8")).matchAll(THROWN)) {
      thrown++;
      if (!(code in ERROR_CODES)) unlisted.push(`${code} in ${file.slice(ROOT.length)}`);
    }
  }
  expect(unlisted).toEqual([]);
  expect(thrown).toBeGreaterThan(20);
});

test("every code has a heading in docs/errors.md, in the same order, and nothing else has", async () => {
  const headings = [...(await readFile(join(ROOT, "docs/errors.md"), "utf8")).matchAll(HEADING)];
  expect(headings.map(([, code]) => code)).toEqual(Object.keys(ERROR_CODES));
});

test("every heading says whether retrying helps", async () => {
  const [, ...sections] = (await readFile(join(ROOT, "docs/errors.md"), "utf8")).split(/^## /m);
  for (const section of sections) expect(section).toMatch(/^Retry: /m);
});

test("an error from another copy of the package is known by its name and code", () => {
  const copy = Object.assign(new Error("elsewhere"), { name: "SyncError", code: "STORE_CLOSED" });
  expect(isSyncError(copy)).toBe(true);
  expect(isSyncError(copy, "STORE_CLOSED")).toBe(true);
  expect(isSyncError(copy, "STORE_NOT_FOUND")).toBe(false);
  expect(isSyncError(new SyncError("STORE_CLOSED", "here"), "STORE_CLOSED")).toBe(true);
  expect(isSyncError(new Error("STORE_CLOSED"))).toBe(false);
});

const THROWN = /\bSyncError\(\s*"([A-Z_]+)"/g;
const HEADING = /^## ([A-Z_]+)$/gm;

async function sources(): Promise<string[]> {
  const packages = join(ROOT, "packages");
  const folders = (await readdir(packages)).map((name) => join(packages, name, "src"));
  const files = await Promise.all(folders.map((folder) => readdir(folder, { recursive: true })));
  return files.flatMap((names, index) =>
    names.filter((name) => name.endsWith(".ts")).map((name) => join(folders[index] ?? "", name)),
  );
}
