/** Systems side by side over a real line, or the parts of ours beside what they stand on. */
import { parseArgs } from "node:util";
import { aimsOf } from "./aims.ts";
import { type Result, runPart } from "./bench.ts";
import { planOf } from "./plan.ts";
import { findSystem, SYSTEMS } from "./systems/index.ts";
import { formatAims, formatRows } from "./table.ts";

const USAGE = `usage: npm run bench [-- options]        replication: systems side by side
       npm run bench -- parts [options]  the parts of ours, beside what they stand on
       npm run bench -- load [options]   many replicas of one primary, a storm, and a slow one

  --quick               fewer rounds, and no distances
  --json                prints the rows as one array
replication
  --tiny                as little as there can be of everything
  --store <kind>        memory (default) or level
  --systems <a,b>       default: ${SYSTEMS.map(({ name }) => name).join(",")}
  --workloads <a,b>     default: all
  --cpu-prof <folder>   writes a profile of each process there
parts
  --only <part>         reading, first-sync, commits-of-1, commits-of-100, level-commits, level-opening,
                        indexeddb or tiered-reads
  --ours                leaves out what ours is compared with
  --help`;

const OPTIONS = {
  quick: { type: "boolean", default: false },
  tiny: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  store: { type: "string", default: "memory" },
  systems: { type: "string" },
  workloads: { type: "string" },
  "cpu-prof": { type: "string" },
  only: { type: "string" },
  ours: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });

async function benchParts(): Promise<void> {
  const { formatPart, runParts } = await import("./parts/parts.ts");
  const { quick, only, ours: onlyOurs, json } = values;
  const rows = await runParts({ rounds: quick ? 3 : 11, only, onlyOurs });
  console.log(json ? JSON.stringify(rows, null, 2) : rows.map(formatPart).join("\n"));
}

async function benchLoad(): Promise<void> {
  const { formatLoad, runLoad } = await import("./load.ts");
  const { quick, json } = values;
  const figures = await runLoad({
    isQuick: quick,
    execArgv: execArgv(),
    onProgress: (text) => console.error(text),
  });
  console.log(json ? JSON.stringify(figures, null, 2) : formatLoad(figures));
}

function execArgv(): string[] {
  const { "cpu-prof": folder } = values;
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}

async function benchReplication(): Promise<void> {
  const { quick, tiny, json, store, systems, workloads } = values;
  const plan = planOf(tiny ? "tiny" : quick ? "quick" : "full");
  const results: Result[] = [];
  for (const part of plan) {
    const some = await runPart(part, {
      systems: systems === undefined ? SYSTEMS : systems.split(",").map(findSystem),
      store,
      workloads: workloads === undefined ? undefined : new Set(workloads.split(",")),
      execArgv: execArgv(),
      onProgress: (text) => console.error(text),
    });
    results.push(...some);
  }
  const rows = results.map(({ row }) => row);
  if (json) return console.log(JSON.stringify(rows, null, 2));
  console.log(`${formatRows(rows)}\n\n${formatAims(aimsOf(results))}`);
}

if (values.help) console.log(USAGE);
else if (positionals[0] === "parts") await benchParts();
else if (positionals[0] === "load") await benchLoad();
else await benchReplication();
