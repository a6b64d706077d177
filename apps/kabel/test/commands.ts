/** The commands as processes, and the folders of a test, which go with it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unpackStore } from "@datahike-sync/fixtures";
import { Child } from "../src/demo/child.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SERVE = new URL("../dist/serve/main.js", import.meta.url);
const FOLLOW = new URL("../dist/follow/main.js", import.meta.url);

/** From nothing, on a machine that does other things beside. */
export const BUILD_TIMEOUT_MS = 300_000;

/** Nobody listens there. */
export const NOBODY = "ws://127.0.0.1:1";

/** No store of a test is called so. */
export const SOME_STORE = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";

/** Compiles the app and all that it imports, as far as they are not. */
export async function build(): Promise<void> {
  await promisify(execFile)("npx", ["tsc", "-b", "apps/kabel"], { cwd: ROOT });
}

export interface Server {
  readonly child: Child;
  readonly url: string;
  readonly storeId: string;
}

/** The processes and folders of one test, or of all in a file, which end with it. */
export class Stage {
  readonly #atEnd: (end: () => Promise<void>) => void;

  constructor(atEnd: (end: () => Promise<void>) => void) {
    this.#atEnd = atEnd;
  }

  /** A small database that the JVM wrote. */
  async database(): Promise<string> {
    const store = await unpackStore("datahike-0.8/small");
    this.#atEnd(() => store.dispose());
    return store.path;
  }

  /** An empty folder. */
  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "kabel-"));
    this.#atEnd(() => rm(folder, { recursive: true }));
    return folder;
  }

  /** A server that listens. */
  async server(path: string, ...flags: readonly string[]): Promise<Server> {
    const child = this.serve("--path", path, "--port", "0", ...flags);
    const line = await child.says("serving");
    const [, storeId = "", url = ""] = /^serving +(\S+) .* at (\S+),/.exec(line) ?? [];
    return { child, url, storeId };
  }

  /** A server that may not come so far. */
  serve(...flags: readonly string[]): Child {
    return this.#start(SERVE, flags);
  }

  follow(...args: readonly string[]): Child {
    return this.#start(FOLLOW, args);
  }

  #start(program: URL, args: readonly string[]): Child {
    const child = new Child(program, args);
    this.#atEnd(async () => {
      await child.end("SIGKILL");
    });
    return child;
  }
}
