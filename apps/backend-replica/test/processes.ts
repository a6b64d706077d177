/** The processes and folders of a test, which go with it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { Child } from "../src/demo/child.ts";
import { argumentsOf, type Flags, Service } from "../src/demo/service.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SERVICE = new URL("../dist/main.js", import.meta.url);
const PRIMARY = new URL("../dist/demo/primary.js", import.meta.url);

/** From nothing, on a machine that does other things beside. */
export const BUILD_TIMEOUT_MS = 300_000;

/** Compiles the app and all that it imports, as far as they are not. */
export async function build(): Promise<void> {
  await promisify(execFile)("npx", ["tsc", "-b", "apps/backend-replica"], { cwd: ROOT });
}

export async function makeFolder(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A service that has its folder and ports. */
export async function startService(flags: Flags): Promise<Service> {
  const service = await Service.start(SERVICE, { codec: "fressian", walker: "datahike", ...flags });
  endAfterTest(service.child);
  return service;
}

/** A service that may not come so far. */
export function tryService(flags: Flags): Child {
  const child = new Child(SERVICE, argumentsOf({ codec: "fressian", ...flags }));
  endAfterTest(child);
  return child;
}

export interface Primary {
  readonly child: Child;
  readonly lines: string;
  readonly store: string;
  /** Makes the next commit. Resolves to its number. */
  commit(): Promise<number>;
}

/** A primary in its folder, some commits ago, or where it was when it ended. */
export async function startPrimary(folder: string, port = 0): Promise<Primary> {
  const primary = await primaryIn(folder, port);
  endAfterTest(primary.child);
  return primary;
}

/** A primary for all tests of a file, and what ends it. */
export async function sharePrimary(): Promise<[Primary, () => Promise<void>]> {
  const folder = await temporaryFolder();
  const primary = await primaryIn(join(folder, "primary"), 0);
  const end = async (): Promise<void> => {
    await kill(primary.child);
    await rm(folder, { recursive: true });
  };
  return [primary, end];
}

async function primaryIn(folder: string, port: number): Promise<Primary> {
  const child = new Child(PRIMARY, [folder, String(port)]);
  const { lines, store } = await child.tells("started");
  const commit = async (): Promise<number> => {
    const before = child.said.length;
    child.write("commit");
    const { seq } = await child.tells("commit", (said) => child.said.indexOf(said) >= before);
    return Number(seq);
  };
  return { child, lines: String(lines), store: String(store), commit };
}

function endAfterTest(child: Child): void {
  onTestFinished(() => kill(child));
}

async function kill(child: Child): Promise<void> {
  await child.end("SIGKILL");
}

function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "backend-replica-"));
}
