/**
 * Prints what a page loads of us: bundled, minified and gzipped, without the database library, which the
 * page brings. `--parts` tells how much of that is whose, before it is minified. `--check` fails when it
 * is more than the README says.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const KIB = 1024;

/** What a user would import, what it is to take one day, and what it may take, in KiB. */
const SUBJECTS = [
  {
    name: "createReplicaContext, wsDialer, DexieStore, msgpackCodec",
    imports: {
      "@datahike-sync/core": "createReplicaContext",
      "@datahike-sync/transport-ws/client": "wsDialer",
      "@datahike-sync/store-dexie": "DexieStore",
      "@datahike-sync/codec-msgpack": "msgpackCodec",
    },
    aim: 20,
    limit: 43,
  },
  {
    name: "createSyncContext, ChannelServer, MemoryStore",
    imports: {
      "@datahike-sync/core": "createSyncContext",
      "@datahike-sync/transport-channel": "ChannelServer",
      "@datahike-sync/store-memory": "MemoryStore",
    },
    limit: 56,
  },
];

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRY = join(ROOT, "size-entry.js");

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
for (const { name, imports, aim, limit } of SUBJECTS) {
  const { code, modules } = await bundle(imports);
  const gzipped = gzipSync(code, { level: 9 }).length;
  const size = `${(gzipped / KIB).toFixed(1)} KiB (${code.length} bytes, ${gzipped} gzipped)`;
  console.log(`${name}: ${size}${aim === undefined ? "" : `; the aim is ${aim} KiB`}`);
  if (process.argv.includes("--parts")) printParts(modules);
  if (!process.argv.includes("--check")) continue;
  if (gzipped > limit * KIB) fail(`${name} is larger than ${limit} KiB: npm run size -- --parts`);
  const row = `| \`${name.replaceAll(", ", "`, `")}\` | under ${limit} KiB |`;
  if (!readme.includes(row)) fail(`README.md does not say ${row}`);
}

async function bundle(imports) {
  const program = Object.entries(imports)
    .map(([from, name]) => `export { ${name} } from "${from}";`)
    .join("\n");
  const { output } = await build({
    root: ROOT,
    configFile: false,
    logLevel: "error",
    // With the sources, so that it needs no build.
    resolve: { conditions: ["@datahike-sync/source", "module", "browser"] },
    plugins: [
      {
        name: "size-entry",
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? program : undefined),
      },
    ],
    build: {
      write: false,
      minify: true,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: ENTRY, external: ["dexie"], preserveEntrySignatures: "strict" },
    },
  });
  return output[0];
}

function printParts(modules) {
  const parts = new Map();
  for (const [file, { renderedLength }] of Object.entries(modules)) {
    const part = dirname(relative(ROOT, file)).replace(/^packages\/([^/]+)\/src/, "$1");
    parts.set(part, (parts.get(part) ?? 0) + renderedLength);
  }
  for (const [part, length] of [...parts].sort(([, a], [, b]) => b - a)) {
    if (length > 0) console.log(`${String(length).padStart(8)}  ${part}`);
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
