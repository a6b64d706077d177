/** The commands as processes, and the folders of a test, which go with it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpackStore } from "@datahike-sync/fixtures";
import { Child } from "@datahike-sync/testing/child";
import { ChildProgram } from "@datahike-sync/testing/kill";
import { afterAll } from "vitest";

// Each as one file: Node takes twice as long to find the hundreds that they are made of, for every process.
// What is compiled of them runs in the demonstration.
const [serveCommand, followCommand] = await Promise.all([
  ChildProgram.make(new URL("./serve-command.ts", import.meta.url)),
  ChildProgram.make(new URL("./follow-command.ts", import.meta.url)),
]);

afterAll(async () => {
  for (const program of [serveCommand, followCommand]) await program[Symbol.asyncDispose]();
});

/** Nobody listens there. */
export const NOBODY = "ws://127.0.0.1:1";

/** No store of a test is called so. */
export const SOME_STORE = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";

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
    return this.#start(serveCommand, flags);
  }

  follow(...args: readonly string[]): Child {
    return this.#start(followCommand, args);
  }

  #start({ url }: ChildProgram, args: readonly string[]): Child {
    const child = new Child(url, args);
    this.#atEnd(async () => {
      await child.end("SIGKILL");
    });
    return child;
  }
}
