/** Summarises a profile that `node --cpu-prof` wrote: which functions the time was spent in. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

/** What the summary needs of V8's format. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
    };
  }[];
  /** The node that was running, at each sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 25;

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [path] = positionals;
  if (path === undefined)
    throw new TypeError("usage: node bench/dist/profile.js <file.cpuprofile>");
  // `as`: whoever gives it another file gets nonsense, and nobody else does.
  const profile = JSON.parse(await readFile(path, "utf8")) as Profile;
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const folders = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const { name, folder } = places.get(id) ?? NOWHERE;
    if (name === "(idle)") continue;
    const time = profile.timeDeltas[index] ?? 0;
    add(folders, folder, time);
    add(functions, `${name}  ${folder}`, time);
    total += time;
  }
  for (const times of [folders, functions]) {
    for (const [what, time] of [...times].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN)) {
      console.log(`${((time / total) * 100).toFixed(1).padStart(5)} %  ${what}`);
    }
    console.log("");
  }
}

const NOWHERE = { name: "", folder: "" } as const;

/** A function, and the folder that it is of; the engine's own have none. */
function placeOf({ functionName, url }: Profile["nodes"][number]["callFrame"]): {
  readonly name: string;
  readonly folder: string;
} {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return { name, folder: name };
  if (!url.startsWith("file:")) return { name, folder: "Node" };
  const path = url.replace(/^.*\/(?=(packages|bench|node_modules)\/)/, "").replace("/dist/", "/");
  return { name, folder: path.slice(0, path.lastIndexOf("/")) };
}

function add(times: Map<string, number>, what: string, time: number): void {
  times.set(what, (times.get(what) ?? 0) + time);
}

await main();
