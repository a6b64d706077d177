/** Serves the page and the database behind it, and makes a commit every two seconds. */
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isSyncError } from "@datahike-sync/core";
import { recordedCommits } from "./server/recorded-commits.ts";
import { openSite } from "./server/site.ts";

const USAGE = `usage: npm start --workspace apps/browser [-- options]

  --port <number>    default: 8017; 0 for any that is free
  --folder <folder>  where LevelDB keeps the database; default: data, in this app
  --every <ms>       how long it is from one commit to the next; default: 2000
  --help`;

const OPTIONS = {
  port: { type: "string", default: "8017" },
  folder: { type: "string", default: fileURLToPath(new URL("../data", import.meta.url)) },
  every: { type: "string", default: "2000" },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS, strict: true });
  if (values.help) return console.log(USAGE);
  const every = numberOf("every", values.every, 10, 2 ** 31 - 1);
  const port = numberOf("port", values.port, 0, 65_535);
  const page = fileURLToPath(new URL("page", import.meta.url));
  const recorded = await recordedCommits();
  const site = await openSite({ page, folder: values.folder, recorded, port });
  const { origin, primary } = site;
  console.log(`${origin}\na commit every ${every} ms; ctrl-c stops it, and the page goes on`);
  const stopped = stopSignal();
  while (await passed(every, stopped)) await primary.next();
  await site[Symbol.asyncDispose]();
}

function numberOf(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new RangeError(`--${option} is a whole number from ${min} to ${max}`);
}

/** Aborts when the process is told to end. A second signal ends it at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** Resolves to whether that time has passed; `false` when somebody asked to stop. */
async function passed(ms: number, stopped: AbortSignal): Promise<boolean> {
  await wait(ms, undefined, { signal: stopped }).catch(() => undefined);
  return !stopped.aborted;
}

try {
  await main();
} catch (error) {
  // What the user can mend gets one line, what we must mend its stack.
  if (isSyncError(error)) console.error(`${error.code}: ${error.message}`, error.details);
  else if (error instanceof RangeError || (error instanceof Error && "code" in error)) {
    console.error(`${error.message}\n\n${USAGE}`);
  } else console.error(error);
  process.exitCode = 1;
}
