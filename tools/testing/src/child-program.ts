/** Programs that run in processes of their own, where a test may kill them. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";

/** A module of a test's folder, made into a program that Node can start without a compiler. */
export class ChildProgram {
  readonly #folder: string;
  readonly #file: string;

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    this.#file = file;
  }

  /** @param module `new URL("./worker.ts", import.meta.url)` in a file of a package's folder `test`. */
  static async make(module: URL): Promise<ChildProgram> {
    const source = fileURLToPath(module);
    // Within its package, so that it finds the dependencies that the package finds.
    const programs = fileURLToPath(new URL("../node_modules/.child-programs/", module));
    await mkdir(programs, { recursive: true });
    const folder = await mkdtemp(programs);
    await build({
      configFile: false,
      logLevel: "silent",
      ssr: {
        noExternal: [/^@datahike-sync\//],
        resolve: { conditions: ["@datahike-sync/source"] },
      },
      build: { ssr: source, outDir: folder, target: "node20", minify: false },
    });
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    return new ChildProgram(folder, join(folder, basename(source).replace(/\.ts$/, ".js")));
  }

  /** What Node is to be given. */
  get url(): URL {
    return pathToFileURL(this.#file);
  }

  start(...args: readonly string[]): Child {
    return new Child(
      spawn(process.execPath, [this.#file, ...args], { stdio: ["ignore", "pipe", "pipe"] }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

/** A program that runs. */
export class Child {
  readonly #process: ChildProcess;
  #said = "";
  /** How it ended, and what it wrote to its standard error. */
  readonly ended: Promise<{ readonly signal: string | null; readonly complaint: string }>;

  constructor(child: ChildProcess) {
    this.#process = child;
    child.stderr?.on("data", (data: Buffer) => {
      this.#said += data.toString();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (_status, signal) => resolve({ signal, complaint: this.#said }));
    });
  }

  /** The lines that it writes, to its end. */
  lines(): AsyncIterable<string> {
    const { stdout } = this.#process;
    if (stdout === null) throw new TypeError("its output goes elsewhere");
    return createInterface({ input: stdout });
  }

  /** Ends it at once, wherever it is. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }
}
