import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { EXIT } from "../src/complaint.ts";
import { FOLLOW_USAGE } from "../src/follow/settings.ts";
import { SERVE_USAGE } from "../src/serve/settings.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const README = readFile(new URL("../README.md", import.meta.url), "utf8");

/** It is compiled first, perhaps from nothing, on a machine that does other things beside. */
const DEMO_TIMEOUT_MS = 300_000;

test(
  "the demonstration prints what the README says",
  async () => {
    const [, promised = ""] = /^```text\n(.*?)^```$/ms.exec(await README) ?? [];
    const command = ["run", "--silent", "demo", "--workspace", "apps/kabel"];
    const { stdout } = await promisify(execFile)("npm", command, { cwd: ROOT });
    expect(masked(stdout)).toEqual(masked(promised));
  },
  DEMO_TIMEOUT_MS,
);

test("every flag and every exit code is in the README", async () => {
  const rows = (pattern: RegExp, text: string): (string | undefined)[] =>
    Array.from(text.matchAll(pattern), ([, first]) => first);
  const flags = rows(/^ {2}(--[a-z]+) </gm, `${FOLLOW_USAGE}\n${SERVE_USAGE}`);
  expect(rows(/^\| `(--[a-z]+)` \|/gm, await README)).toEqual(flags);
  const codes = Object.values(EXIT).map(String);
  expect(rows(/^\| (\d) \|/gm, await README)).toEqual(["0", ...codes]);
});

/** Without what differs from run to run: paths and ports, and which of two processes is heard first. */
function masked(text: string): string[] {
  const lines = text.trim().split("\n");
  return lines.map((line) => line.replace(/(?<=from |into )\S+|(?<=:)\d{4,}\b/g, "…")).toSorted();
}
