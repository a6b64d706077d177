/** Everything that must hold before a change lands, in the order in which it is quickest to fail. */
import { spawnSync } from "node:child_process";

const STEPS = [
  ["format", "biome", "check", "."],
  ["lock", "node", "tools/complete-lock.mjs", "--check"],
  ["lint", "oxlint", "--type-aware", "packages", "apps", "tools", "bench", "fixtures"],
  ["types", "tsc", "-p", "tsconfig.test.json"],
  ["boundaries", "turbo", "boundaries"],
  ["imports", "node", "tools/imports.mjs"],
  ["build", "turbo", "run", "build", "--output-logs=errors-only"],
  ["unused", "knip"],
  ["size", "node", "tools/size.mjs", "--check"],
  ["tests", "node", "tools/test.mjs"],
  ["packages", "node", "tools/packs.mjs"],
];

for (const [name, command, ...args] of STEPS) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const { status } = spawnSync(
    command === "node" ? command : "npx",
    command === "node" ? args : [command, ...args],
    {
      stdio: "inherit",
      shell: process.platform === "win32",
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
    },
  );
  if (status !== 0) {
    console.error(`\n${name} failed`);
    process.exit(1);
  }
  console.log(`${name} passed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
