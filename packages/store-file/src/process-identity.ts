/** Tells a process from every other, also from one that has its number later. */
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { hasCode } from "./disk.ts";

/** Who somebody is. What this system does not tell is null. */
export interface ProcessIdentity {
  readonly host: string;
  /** Of this run of the machine. */
  readonly boot: string | null;
  /** In which `pid` counts: containers have their own. */
  readonly namespace: string | null;
  readonly pid: number;
  /** When it began, in the system's ticks since the machine did. */
  readonly start: string | null;
}

/** Who this process is. */
export async function thisProcess(): Promise<ProcessIdentity> {
  const { pid } = process;
  const [boot, namespace, stat] = await Promise.all([
    told(readFile("/proc/sys/kernel/random/boot_id", "utf8")),
    told(readlink("/proc/self/ns/pid")),
    statOf(pid),
  ]);
  const start = stat?.start ?? null;
  return { host: hostname(), boot: boot?.trim() ?? null, namespace, pid, start };
}

/**
 * Whether somebody may still run, as far as this process can tell. Certainly not: who ran before the machine was started again, who has
 * ended, or whose number somebody else has by now. Of another machine or container nothing is known.
 */
export async function mayRun(other: ProcessIdentity, self: ProcessIdentity): Promise<boolean> {
  const isOneBoot = other.boot !== null && other.boot === self.boot;
  if (!isOneBoot && other.host !== self.host) return true;
  if (!isOneBoot && other.boot !== null && self.boot !== null) return false;
  if (other.namespace !== self.namespace) return true;
  if (!isTaken(other.pid)) return false;
  const stat = await statOf(other.pid);
  // Where it is hidden whose number it is, or when he began, it may be his.
  if (stat === null || stat.hasEnded) return stat === null;
  return other.start === null || stat.start === other.start;
}

function isTaken(pid: number): boolean {
  try {
    // Sends nothing.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

async function statOf(
  pid: number,
): Promise<{ readonly start: string | null; readonly hasEnded: boolean } | null> {
  const stat = await told(readFile(`/proc/${pid}/stat`, "utf8"));
  // The name, which is the second field, is in parentheses and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined) return null;
  // Who was killed keeps his number until his parent has asked what became of him.
  return { start: fields[START_FIELD] ?? null, hasEnded: /[ZX]/.test(fields[0] ?? "") };
}

/** Behind the name: the 22nd of all. */
const START_FIELD = 19;

/** What can be read; null where there is no such file. */
function told(reading: Promise<string>): Promise<string | null> {
  return reading.catch(() => null);
}
