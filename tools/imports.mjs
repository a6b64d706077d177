/**
 * Checks what the sources of each published package import: only its own files and its declared
 * dependencies, nothing of Node in a package that claims to run in browsers, and nothing of itself by
 * name. A development dependency in `src` would pass every test here and fail at every user's.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Which packages of the house a package may depend on, by the first word of its name. */
const HOUSE = {
  edn: [],
  hasch: ["edn"],
  core: ["edn", "hasch"],
  conformance: ["edn", "core"],
  codec: ["edn", "core"],
  store: ["edn", "core", "hasch"],
  transport: ["edn", "core"],
  auth: ["edn"],
  btset: ["edn", "core"],
  "walker-pss": ["edn", "core", "btset"],
  "walker-datahike": ["edn", "core", "btset", "walker-pss"],
  datahike: ["edn", "core", "btset", "walker-datahike"],
};

const ROOT = new URL("..", import.meta.url).pathname;
const faults = [];

for (const folder of readdirSync(join(ROOT, "packages"))) {
  const home = join(ROOT, "packages", folder);
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const allowed = HOUSE[folder] ?? HOUSE[folder.split("-")[0]] ?? [];
  for (const name of declared) {
    const [scope, inner] = name.split("/");
    if (scope === "@datahike-sync" && !allowed.includes(inner)) {
      faults.push(`packages/${folder}: may not depend on ${inner}`);
    }
  }
  const forNode = usesNodeTypes(home);
  for (const file of readdirSync(join(home, "src"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const source = readFileSync(join(home, "src", file), "utf8");
    for (const [, name] of source.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*"([^".][^"]*)"/g)) {
      const fault = faultOf(name, manifest.name, declared, forNode);
      if (fault !== undefined) faults.push(`packages/${folder}/src/${file}: ${fault}`);
    }
  }
}

for (const fault of faults) console.error(fault);
if (faults.length === 0) console.log("every import is declared and points the right way");
process.exitCode = faults.length === 0 ? 0 : 1;

function faultOf(name, self, declared, forNode) {
  if (name.startsWith("node:")) return forNode ? undefined : `${name} in a package for browsers`;
  const owner = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
  if (owner === self) return "imports itself by name";
  return declared.includes(owner) ? undefined : `${owner} is no dependency`;
}

/** A package is for Node alone when its sources are compiled with Node's types. */
function usesNodeTypes(home) {
  return readFileSync(join(home, "tsconfig.json"), "utf8").includes('"node"');
}
