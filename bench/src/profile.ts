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
      readonly lineNumber: number;
    };
  }[];
  /** The node that was running, at each sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 30;

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [path] = positionals;
  if (path === undefined)
    throw new TypeError("usage: node bench/dist/profile.js <file.cpuprofile>");
  // `as`: whoever gives it another file gets nonsense, and nobody else does.
  const profile = JSON.parse(await readFile(path, "utf8")) as Profile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "";
    if (name === "(idle)") continue;
    const time = profile.timeDeltas[index] ?? 0;
    times.set(name, (times.get(name) ?? 0) + time);
    total += time;
  }
  const sorted = [...times].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN);
  for (const [name, time] of sorted) {
    console.log(`${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
  }
}

function nameOf({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string {
  if (url === "") return functionName;
  const file = url.split("/").slice(-4).join("/").replace("/dist/", "/");
  return `${functionName === "" ? "(anonymous)" : functionName}  ${file}:${lineNumber + 1}`;
}

await main();
