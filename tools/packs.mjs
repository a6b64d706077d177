/**
 * Packs every public package, has publint and attw look at the tarballs, installs them in an empty
 * folder without anything else of this repository, type-checks and runs every README's programs there.
 * Folder names as arguments leave out the other packages.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "datahike-sync-packs-"));
try {
  const packed = pack();
  for (const { tarball } of packed) inspect(tarball);
  const programs = install(packed);
  console.log(`${packed.length} packages packed, ${programs} README programs compiled and run`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack() {
  const license = readFileSync(join(ROOT, "LICENSE"));
  const wanted = process.argv.slice(2);
  return readdirSync(join(ROOT, "packages"))
    .filter((name) => wanted.length === 0 || wanted.includes(name))
    .map((name) => join(ROOT, "packages", name))
    .filter((home) => manifestOf(home).private !== true)
    .map((home) => {
      if (!readFileSync(join(home, "LICENSE")).equals(license)) {
        throw new Error(`${basename(home)} has another LICENSE`);
      }
      const printed = run("npm", ["pack", "--json", "--pack-destination", folder], home);
      const [{ filename }] = JSON.parse(printed);
      return { home, name: manifestOf(home).name, tarball: join(folder, filename) };
    });
}

function inspect(tarball) {
  run("npx", ["publint", "run", tarball, "--strict"], ROOT);
  run("npx", ["attw", tarball, "--profile", "esm-only"], ROOT);
}

/** Installs the tarballs as a user would, and runs the programs of their READMEs as JavaScript. */
function install(packed) {
  const home = join(folder, "user");
  mkdirSync(home);
  const dependencies = Object.fromEntries(
    packed.map(({ name, tarball }) => [name, `file:${tarball}`]),
  );
  const manifest = {
    name: "user",
    private: true,
    type: "module",
    dependencies: { ...namedBeside(packed), ...dependencies },
    overrides: dependencies,
  };
  writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], home);
  const files = packed.flatMap((from) => writePrograms(from, home));
  const options = {
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules", "@types")],
    rootDir: ".",
    outDir: "out",
  };
  writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files }));
  run(join(ROOT, "node_modules", ".bin", "tsc"), ["-p", "."], home);
  // Programs for browsers run here, too, with what the tests of `store-dexie` have.
  const { resolve } = createRequire(join(ROOT, "packages", "store-dexie", "package.json"));
  const browser = ["--require", resolve("fake-indexeddb/auto")];
  for (const file of files) {
    run("node", [...browser, join("out", file.replace(/\.ts$/, ".js"))], home);
  }
  return files.length;
}

/** What READMEs tell a user to install beside our own packages, such as a database. */
function namedBeside(packed) {
  const named = packed.flatMap(({ home }) => {
    const markdown = readFileSync(join(home, "README.md"), "utf8");
    const [, names = ""] = /^npm install (.*)$/m.exec(markdown) ?? [];
    const { devDependencies = {} } = manifestOf(home);
    return names.split(" ").map((name) => [name, devDependencies[name]]);
  });
  return Object.fromEntries(named.filter(([name]) => !/^(@datahike-sync\/|-|$)/.test(name)));
}

function writePrograms({ home: from }, home) {
  const markdown = readFileSync(join(from, "README.md"), "utf8");
  const programs = [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program]) => program);
  return programs
    .filter((program) => !program.includes("@datahike-sync/fixtures"))
    .map((program, index) => {
      const file = `${basename(from)}-${index + 1}.ts`;
      writeFileSync(join(home, file), program);
      return file;
    });
}

function manifestOf(home) {
  return JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
}

function run(command, args, cwd) {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    console.error(
      `${command} ${args.join(" ")} failed:\n${error.stdout ?? ""}${error.stderr ?? ""}`,
    );
    throw error;
  }
}
