/** A full disk for one process: what is there can be read, and no file can grow beyond a limit. */
import { spawnSync } from "node:child_process";

/** Sets the largest file that this process may write, in bytes. */
export function limitFiles(bytes: number | "unlimited"): void {
  // Else the signal ends the process; like this, the write fails.
  if (process.listenerCount("SIGXFSZ") === 0) process.on("SIGXFSZ", () => undefined);
  const limit = `--fsize=${bytes}:unlimited`;
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(process.pid), limit]);
  if (status !== 0) throw new Error(`prlimit: ${stderr?.toString()}`);
}
