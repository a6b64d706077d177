/**
 * Runs the simulated world: `npm run simulate -- --seeds 300 --from 1`. Prints what was met; where
 * something is violated also a short trace, and then its exit status is 1. `--keep` and `--salt` repeat
 * a short trace.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1" },
    from: { type: "string", default: "1" },
    failures: { type: "string", default: "1" },
    keep: { type: "string" },
    salt: { type: "string", default: "0" },
  },
});

const build = spawnSync("npx", ["tsc", "-b", "packages/conformance"], {
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (build.status !== 0) process.exit(1);

const engine = await import("../packages/core/dist/index.js");
const { campaign, explain, simulate } = await import("../packages/conformance/dist/simulation.js");
const { createSyncContext, openObjectStore, openStore } = engine;
const options = { engine: { createSyncContext, openObjectStore, openStore } };

if (values.keep === undefined) await runMany();
else await repeat(values.keep);

async function runMany() {
  const { seeds, from, failures } = values;
  const began = performance.now();
  const result = await campaign({
    ...options,
    seeds: Number(seeds),
    from: Number(from),
    failures: Number(failures),
  });
  const { coverage, runs, medianTrace, lacking } = result;
  for (const [name, count] of [...coverage.counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(count).padStart(8)}  ${name}`);
  }
  for (const failed of result.failures) console.log(`\n${await explain(options, failed)}`);
  const each = ((performance.now() - began) / runs).toFixed(1);
  console.log(`\n${runs} runs, median trace ${medianTrace} events, ${each} ms each`);
  // A few runs do not meet everything.
  for (const what of runs < 100 ? [] : lacking) console.log(`too little of ${what}`);
  const isBad = result.failures.length > 0 || (runs >= 100 && lacking.length > 0);
  process.exitCode = isBad ? 1 : 0;
}

async function repeat(kept) {
  const keep = kept === "" ? [] : kept.split(",").map(Number);
  const seed = Number(values.from);
  const { trace, violation } = await simulate({
    ...options,
    seed,
    keep,
    salt: Number(values.salt),
  });
  console.log(trace.join("\n"));
  console.log(violation ?? "nothing is violated");
  process.exitCode = violation === undefined ? 0 : 1;
}
