import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { USAGE } from "../src/settings.ts";
import { BUILD_TIMEOUT_MS, build, makeFolder, startService } from "./processes.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const README = readFile(new URL("../README.md", import.meta.url), "utf8");

beforeAll(build, BUILD_TIMEOUT_MS);

test("the demonstration prints what the README says", async () => {
  const [, promised = ""] = /^```text\n(.*?)^```$/ms.exec(await README) ?? [];
  const command = ["run", "--silent", "demo", "--workspace", "apps/backend-replica"];
  const { stdout } = await promisify(execFile)("npm", command, { cwd: ROOT });
  expect(masked(stdout)).toBe(masked(promised));
});

test("every flag is in the README, with its variable", async () => {
  const flags = [...USAGE.matchAll(/^ {2}--([a-z-]+) </gm)].map(([, flag = ""]) => flag);
  const rows = [...(await README).matchAll(/^\| `--([a-z-]+)` \| `(\w+)` \|/gm)];
  expect(rows.map(([, flag]) => flag)).toEqual(flags);
  for (const [, flag = "", variable] of rows) {
    expect(variable).toBe(`REPLICA_${flag.toUpperCase().replaceAll("-", "_")}`);
  }
});

test("every metric is in the README", async () => {
  const folder = await makeFolder();
  const store = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";
  const service = await startService({ primary: "ws://127.0.0.1:1", store, folder });
  const text = await (await service.get("/metrics")).text();
  const names = [...text.matchAll(/^# TYPE (?:datahike_sync_)?(\w+) /gm)].map(([, name]) => name);
  const readme = await README;
  expect(names.filter((name) => !new RegExp(`\`${name}[\`{]`).test(readme))).toEqual([]);
});

/** Without what differs from run to run: the port, and how often the pointers came beside the nodes. */
function masked(text: string): string {
  return text.replace(/(?<=:)\d+$|\d+(?= entries came)/gm, "…");
}
