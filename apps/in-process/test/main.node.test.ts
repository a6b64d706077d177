import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

test("a replica has what was there before, and is told of what comes after", async () => {
  const run = promisify(execFile);
  await run("npx", ["tsc", "-b", "apps/in-process"], { cwd: ROOT });
  const { stdout } = await run("node", ["apps/in-process/dist/main.js"], { cwd: ROOT });
  expect(stdout.split("\n")).toEqual([
    "synced { price: 3, left: 12 }",
    "live { price: 3, left: 11 }",
    "pears are here: false",
    "",
  ]);
});
