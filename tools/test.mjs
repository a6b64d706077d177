/**
 * Runs every test, in Node and in Chromium. `npm test` takes a tenth of the random cases, from a
 * seed that changes with each run; `npm run prove` takes all. `SEED=<n>` repeats a run. Further
 * arguments go to vitest.
 */
import { spawnSync } from "node:child_process";
import { chromiumPath } from "./chromium.mjs";

const [allCases, args] = split(process.argv.slice(2));
const seed = process.env["SEED"] ?? String(1 + Math.floor(Math.random() * 2 ** 31));
const share = allCases ? "all random cases" : "a tenth of the random cases";
console.log(`seed ${seed}, ${share} (repeat: SEED=${seed} npm ${allCases ? "run prove" : "test"})`);

const { status } = spawnSync("npx", ["vitest", "run", ...args], {
  stdio: "inherit",
  shell: process.platform === "win32",
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
