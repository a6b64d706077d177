/**
 * Adds to package-lock.json the optional dependencies of other platforms that npm left out, because
 * it could not see them where it ran. Without them `npm ci` refuses the lock on those platforms.
 * `--check` changes nothing and fails when something is missing or a host is recorded.
 */
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "ppc64", "riscv64", "s390x", "x64"];
const SYNONYMS = {
  64: "x64",
  windows: "win32",
  armeabi: "arm",
  gnueabihf: "arm",
  musleabihf: "arm",
};

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const missing = missingEntries(lock.packages);
const hosts = Object.values(lock.packages).filter(({ resolved }) => resolved?.startsWith("http"));

if (process.argv.includes("--check")) {
  for (const [path] of missing) console.error(`package-lock.json lacks ${path}: npm run lock`);
  for (const { resolved } of hosts) console.error(`package-lock.json records a host: ${resolved}`);
  process.exitCode = missing.length + hosts.length > 0 ? 1 : 0;
} else {
  for (const [path, entry] of missing) lock.packages[path] = entry;
  for (const entry of hosts) delete entry.resolved;
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${missing.length} entries added`);
}

function missingEntries(packages) {
  const entries = [];
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
      if (places.some((place) => place in packages) || !/^\d/.test(version)) continue;
      const platform = platformOf(name);
      if (platform === undefined) continue;
      entries.push([
        `node_modules/${name}`,
        { version, ...platform, ...(dev && { dev }), optional: true },
      ]);
    }
  }
  return entries;
}

/** The platform that a binary's name tells: `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.split(/[-/]/).map((word) => SYNONYMS[word] ?? word);
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = /musl/.test(name) ? ["musl"] : /-gnu/.test(name) ? ["glibc"] : undefined;
  return { cpu: [cpu], os: [os], ...(libc && { libc }) };
}
