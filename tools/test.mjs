/**
 * Runs every test, in Node and in Chromium. `npm test` takes a tenth of the random cases, from a
 * seed that changes with each run; `npm run prove` takes all. `SEED=<n>` repeats a run. Further
 * arguments go to vitest.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { chromiumPath } from "./chromium.mjs";

const [allCases, args] = split(process.argv.slice(2));
const seed = process.env["SEED"] ?? String(1 + Math.floor(Math.random() * 2 ** 31));
const share = allCases ? "all random cases" : "a tenth of the random cases";
console.log(`seed ${seed}, ${share} (repeat: SEED=${seed} npm ${allCases ? "run prove" : "test"})`);

const shell = process.platform === "win32";

// Programs that tests run: builds that tests begin at the same time could read each other's half-written files.
const apps = readdirSync("apps").map((name) => `apps/${name}`);
const build = spawnSync("npx", ["tsc", "-b", "bench", ...apps], { stdio: "inherit", shell });
if (build.status !== 0) process.exit(build.status ?? 1);

const { status } = spawnSync("npx", ["vitest", "run", ...args], {
  stdio: "inherit",
  shell,
  env: {
    ...process.env,
    SEED: seed,
    ALL_CASES: allCases ? "1" : "0",
    CHROMIUM_PATH: await chromiumPath(),
  },
});
process.exitCode = status ?? 1;

function split(given) {
  return [given.includes("--all-cases"), given.filter((arg) => arg !== "--all-cases")];
}
