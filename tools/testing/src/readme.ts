/** Runs the programs of a README, so that it cannot say what is not so. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";

/**
 * Declares a test for every `ts` block of `README.md` in a package's folder. A block is a program of
 * its own. What it prints with `console.log` must be what its comments say: `console.log(x); // 42`,
 * in order, one comment a line. A block that prints nothing must at least run to its end.
 *
 * @param packageFolder `new URL("..", import.meta.url)` in a test file.
 */
export function readmeTests(packageFolder: URL): void {
  const folder = fileURLToPath(packageFolder);
  const programs = join(folder, ".readme");
  afterAll(() => rm(programs, { recursive: true, force: true }));

  describe("README", () => {
    test("what the programs import is what the reader is told to install", async () => {
      const markdown = await readFile(join(folder, "README.md"), "utf8");
      const [, installed] = /^npm install (.*)$/m.exec(markdown) ?? [];
      if (installed === undefined) return;
      const missing = programsOf(markdown).flatMap(importsOf);
      expect(missing.filter((name) => !installed.split(" ").includes(name))).toEqual([]);
    });

    test("every program runs and prints what it says", async () => {
      const blocks = programsOf(await readFile(join(folder, "README.md"), "utf8"));
      expect(blocks.length).toBeGreaterThan(0);
      await mkdir(programs, { recursive: true });
      for (const [index, program] of blocks.entries()) {
        const file = join(programs, `program-${index + 1}.ts`);
        await writeFile(file, program);
        const printed: string[] = [];
        const log = vi.spyOn(console, "log").mockImplementation((...items: unknown[]) => {
          printed.push(items.map(String).join(" "));
        });
        try {
          await import(/* @vite-ignore */ pathToFileURL(file).href);
        } finally {
          log.mockRestore();
        }
        expect(printed, program).toEqual(promised(program));
      }
    });
  });
}

/** The `ts` blocks of a Markdown text. */
export function programsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program = ""]) => program);
}

/** The packages that a program imports. */
function importsOf(program: string): string[] {
  return [...program.matchAll(/ from "((?:@[^/"]+\/)?[^/"]+)/g)].flatMap(([, name = ""]) =>
    name.startsWith("node:") ? [] : [name],
  );
}

/** What the comments behind `console.log(…);` say is printed. */
function promised(program: string): string[] {
  return [...program.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = ""]) => text);
}
