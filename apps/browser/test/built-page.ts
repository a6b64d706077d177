/** The page as Vite builds it of the sources of everything that it imports. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, defaultClientConditions, type Rollup } from "vite";

export interface BuiltPage extends AsyncDisposable {
  readonly folder: string;
  /** What went into its scripts, by path. */
  readonly modules: readonly string[];
  readonly script: string;
}

export async function buildPage(): Promise<BuiltPage> {
  const folder = await mkdtemp(join(tmpdir(), "app-browser-page-"));
  // `as`: one output is asked for, and it is not watched.
  const { output } = (await build({
    root: fileURLToPath(new URL("..", import.meta.url)),
    logLevel: "error",
    resolve: { conditions: ["@datahike-sync/source", ...defaultClientConditions] },
    build: { outDir: folder, emptyOutDir: true },
  })) as Rollup.RollupOutput;
  const chunks = output.filter((file) => file.type === "chunk");
  return {
    folder,
    modules: chunks.flatMap(({ modules }) => Object.keys(modules)),
    script: chunks.map(({ code }) => code).join("\n"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
