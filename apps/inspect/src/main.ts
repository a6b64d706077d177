/** Opens a Datahike store, replicates its last commits into memory, and reads the replica. */
import { parseArgs } from "node:util";
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import {
  isSyncError,
  type PointerState,
  type ReadableStore,
  type Walker,
} from "@datahike-sync/core";
import { keyword } from "@datahike-sync/edn";
import { unpackStore } from "@datahike-sync/fixtures";
import { FileStore } from "@datahike-sync/store-file";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { Database } from "./database.ts";
import { recordedStates } from "./recorded.ts";
import { type Arrival, replicate } from "./replicate.ts";
import { formatArrival, formatReport, type Report } from "./report.ts";

const USAGE = `usage: npm start [-- options]

  --path <folder>        a konserve folder of a Datahike database; default: the bundled one
  --branch <name>        the branch to replay and to read from the replica; default: db
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

/** The state that the replica begins with, and three commits after it. */
const STATES = 4;

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
  const walker = datahikeWalker();
  const branch = keyword(options.branch);
  await using source = await FileStore.open({
    path,
    codec,
    readOnly: true,
    encryptionKey: options["encryption-key"],
  });
  if (!options.json) console.log(`${title}\n\nthe replica\n`);
  const keys = await countKeys(source);
  const { reachable, pointers } = await look(source, walker);
  const states = await recordedStates(source, walker, pointers, { branch, count: STATES });
  const arrivals: Arrival[] = [];
  const onArrival = (arrival: Arrival): void => {
    const isFirst = arrivals.push(arrival) === 1;
    if (!options.json) console.log(formatArrival(arrival, isFirst));
  };
  const onProgress = progress();
  const started = performance.now();
  const copy = await replicate({
    source,
    states,
    walker,
    codec,
    branch,
    onArrival,
    onProgress,
  });
  const ms = performance.now() - started;

  const database = await Database.open(copy, branch);
  const report: Report = {
    keys,
    reachable,
    ...(await measureCopy(copy, walker)),
    ms: Math.round(ms),
    maxTx: database.maxTx,
    datoms: {
      eavt: await database.count("eavt"),
      aevt: await database.count("aevt"),
      avet: await database.count("avet"),
    },
    steps: arrivals.slice(1),
  };
  if (options.json) return console.log(JSON.stringify(report));
  const entities = await database.entitiesBy(keyword(options.by), ENTITIES_SHOWN);
  console.log(formatReport(report, entities));
}

/** How many keys the pointers reach, themselves included, and the pointers. */
async function look(
  store: ReadableStore,
  walker: Walker,
): Promise<{ readonly reachable: number; readonly pointers: readonly PointerState[] }> {
  const pointers: PointerState[] = [];
  let reachable = 0;
  for await (const step of walker.walk(store)) {
    reachable++;
    if (step.class === "pointer") pointers.push(step);
  }
  return { reachable, pointers };
}

/** What the replica's own pointers reach. It also holds what earlier commits reached. */
async function measureCopy(
  copy: ReadableStore,
  walker: Walker,
): Promise<Pick<Report, "copied" | "bytes">> {
  let [copied, bytes] = [0, 0];
  for await (const { key } of walker.walk(copy)) {
    const entry = await copy.get(key, { encoded: true });
    copied++;
    bytes += entry?.value.bytes.length ?? 0;
  }
  return { copied, bytes };
}

/** Counts the keys; a file that cannot be read is named and left out, for it may not be reachable. */
async function countKeys(store: FileStore): Promise<number> {
  let keys = 0;
  const onUnreadable = (error: Error): void => console.error(`left out: ${error.message}`);
  for await (const _ of store.keys({ onUnreadable })) keys++;
  return keys;
}

/** A line that counts up, where somebody looks on; standard output is for the result alone. */
function progress(): (keys: number) => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  return (keys) => stderr.write(`\r${keys} keys received\r`);
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
