/** Opens a Datahike store, copies what its roots reach into memory, and reads the copy. */
import { parseArgs } from "node:util";
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { isSyncError } from "@datahike-sync/core";
import { keyword } from "@datahike-sync/edn";
import { unpackStore } from "@datahike-sync/fixtures";
import { FileStore } from "@datahike-sync/store-file";
import { MemoryStore } from "@datahike-sync/store-memory";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { copyReachable } from "./copy.ts";
import { Database } from "./database.ts";
import { formatReport, type Report } from "./report.ts";

const USAGE = `usage: npm start [-- options]

  --path <folder>        a konserve folder of a Datahike database; default: the bundled one
  --branch <name>        the branch to read from the copy; default: db
  --by <attribute>       shows the first entities by this indexed attribute; default: item/id
  --encryption-key <key> of an encrypted folder
  --json                 prints one JSON object instead of tables
  --help`;

const OPTIONS = {
  path: { type: "string" },
  branch: { type: "string", default: "db" },
  by: { type: "string", default: "item/id" },
  "encryption-key": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const ENTITIES_SHOWN = 5;

type Options = ReturnType<typeof parseOptions>;

function parseOptions() {
  return parseArgs({ options: OPTIONS, strict: true }).values;
}

async function main(options: Options): Promise<void> {
  if (options.help) return console.log(USAGE);
  if (options.path !== undefined) return inspect(options.path, options.path, options);
  const bundled = await unpackStore("datahike-0.8/medium");
  try {
    await inspect(bundled.path, "the bundled store, a database of Datahike 0.8", options);
  } finally {
    await bundled.dispose();
  }
}

async function inspect(path: string, title: string, options: Options): Promise<void> {
  const codec = fressianCodec({ handlers: fressianHandlers() });
  const source = await FileStore.open({
    path,
    codec,
    readOnly: true,
    encryptionKey: options["encryption-key"],
  });
  const copy = await MemoryStore.open({ codec });
  const keys = await countKeys(source);
  const started = performance.now();
  const copied = await copyReachable(source, copy, datahikeWalker(), { onProgress: progress() });
  const ms = performance.now() - started;
  if (process.stderr.isTTY) process.stderr.write("\n");
  await source.close();

  const database = await Database.open(copy, keyword(options.branch));
  const report: Report = {
    keys,
    ...copied,
    ms: Math.round(ms),
    maxTx: database.maxTx,
    datoms: {
      eavt: await database.count("eavt"),
      aevt: await database.count("aevt"),
      avet: await database.count("avet"),
    },
  };
  if (options.json) return console.log(JSON.stringify(report));
  const entities = await database.entitiesBy(keyword(options.by), ENTITIES_SHOWN);
  console.log(formatReport(title, report, entities));
}

/** Counts the keys; a file that cannot be read is named and left out, for it may not be reachable. */
async function countKeys(store: FileStore): Promise<number> {
  let keys = 0;
  const onUnreadable = (error: Error): void => console.error(`left out: ${error.message}`);
  for await (const _ of store.keys({ onUnreadable })) keys++;
  return keys;
}

/** A line that counts up, where somebody looks on; standard output is for the result alone. */
function progress(): (copied: number) => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  return (copied) => stderr.write(`\r${copied} keys copied`);
}

try {
  await main(parseOptions());
} catch (error) {
  // What the user can mend gets one line, what we must mend its stack.
  if (isSyncError(error)) console.error(`${error.code}: ${error.message}`, error.details);
  else if (error instanceof TypeError && "code" in error)
    console.error(`${error.message}\n\n${USAGE}`);
  else console.error(error);
  process.exitCode = 1;
}
