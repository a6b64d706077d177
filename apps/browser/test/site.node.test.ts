import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type RecordedCommit, recordedCommits } from "../src/server/recorded-commits.ts";
import { openSite } from "../src/server/site.ts";
import { type BuiltPage, buildPage } from "./built-page.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

let built: BuiltPage;
let recorded: readonly RecordedCommit[];
let folder: string;

beforeAll(async () => {
  [built, recorded] = await Promise.all([buildPage(), recordedCommits()]);
});

afterAll(() => built[Symbol.asyncDispose]());

beforeEach(async () => {
  const made = await mkdtemp(join(tmpdir(), "app-browser-site-"));
  folder = made;
  onTestFinished(() => rm(made, { recursive: true, force: true }));
});

test("the page's script has nothing of Node, and no fixtures", () => {
  expect(built.modules.length).toBeGreaterThan(100);
  expect(built.modules.filter((id) => /browser-external|^node:|\/fixtures\//.test(id))).toEqual([]);
  expect(built.script).not.toMatch(/["'`]node:[a-z]/);
});

test("the server has the page's files and nothing else", async () => {
  await using site = await openSite({ page: built.folder, folder, recorded, port: 0 });
  const status = async (path: string, method = "GET") =>
    (await fetch(site.origin + path, { method })).status;
  const index = await fetch(`${site.origin}/?from=somewhere`);
  expect(index.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(index.headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(await index.text()).toContain("<table");
  for (const path of ["/page.js", "/page.css", "/icon.svg", "/service-worker.js"]) {
    expect(await status(path)).toBe(200);
  }
  expect(await status("/nothing")).toBe(404);
  expect(await status("/..%2fpackage.json")).toBe(404);
  expect(await status("/", "POST")).toBe(405);
});

test("a folder is opened once at a time, and goes on at the commit where it was left", async () => {
  const options = { page: built.folder, folder, recorded, port: 0 };
  {
    await using site = await openSite(options);
    for (let commit = 0; commit < 3; commit++) await site.primary.next();
    await expect(openSite(options)).rejects.toMatchObject({ code: "STORE_LOCKED" });
  }
  await using again = await openSite(options);
  expect(again.primary.position).toBe(3);
  while (again.primary.position !== 0) await again.primary.next();
  expect(again.primary.commits).toBe(9);
});

test("the README's command builds and serves, says where, and ends when it is told to", async () => {
  const command = "start --silent --workspace apps/browser -- --port 0 --every 20 --folder";
  const child = spawn("npm", [...command.split(" "), folder], {
    cwd: ROOT,
    // A group of its own: what a terminal tells is told to all of its processes.
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const group = -(child.pid ?? Number.NaN);
  let said = "";
  try {
    for await (const bytes of child.stdout) {
      said += bytes;
      if (said.includes("ctrl-c")) break;
    }
    const [origin] = /^http:\/\/localhost:\d+$/m.exec(said) ?? [];
    expect(await (await fetch(`${origin}/`)).text()).toContain("<table");
    process.kill(group, "SIGINT");
    await exited;
    // It is built now.
    const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
    const refused = promisify(execFile)("node", [main, "--port", "x"]);
    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--port is a whole number from 0 to 65535"),
    });
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(group, "SIGKILL");
  }
});
