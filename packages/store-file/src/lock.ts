/** Lets one process at a time write to a store, and recognises those that ended without a word. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SyncError } from "@datahike-sync/edn";
import { type Disk, hasCode, readFrom, removeIfThere, withFile, writeAll } from "./disk.ts";
import { mayRun, type ProcessIdentity, thisProcess } from "./process-identity.ts";

/**
 * Files `lock-1`, `lock-2`, … say who had the store, one after the other: the last has it now, unless he
 * has ended, or has renamed it to `free-…`. Whoever wants it makes the next, which only one can. Numbers
 * never begin anew: who is late makes one that is not the last, and finds that out.
 */
export class Lock {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #number: number;
  readonly #text: string;

  private constructor(disk: Disk, folder: string, number: number, text: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#number = number;
    this.#text = text;
  }

  /** @throws {SyncError} `STORE_LOCKED`; `details` say which process has it, on which machine. */
  static async take(disk: Disk, folder: string): Promise<Lock> {
    const self = await thisProcess();
    const id = randomBytes(8).toString("hex");
    const text = JSON.stringify({ ...self, id });
    const claim = join(folder, `${CLAIM}${id}`);
    try {
      for (;;) {
        const last = Math.max(0, ...(await numbersIn(disk, folder)).map(([, number]) => number));
        await checkEnded(disk, join(folder, `lock-${last}`), self);
        await writeDurably(disk, claim, text);
        const lock = new Lock(disk, folder, last + 1, text);
        if (!(await lock.#make(claim))) continue;
        await removeClaims(disk, folder, self);
        return lock;
      }
    } finally {
      await removeIfThere(disk, claim);
    }
  }

  /** Whether nobody has removed it by hand. */
  async isHeld(): Promise<boolean> {
    return (await readText(this.#disk, this.#path)) === this.#text;
  }

  /** @throws {SyncError} `STORE_LOCKED` when it is no longer held. */
  async check(): Promise<void> {
    if (await this.isHeld()) return;
    throw new SyncError("STORE_LOCKED", "this process no longer has the lock of the store");
  }

  /** Lets the next have it. Takes no room on a disk that is full. */
  async release(): Promise<void> {
    if (!(await this.isHeld())) return;
    await this.#disk.rename(this.#path, join(this.#folder, `free-${this.#number}`));
  }

  get #path(): string {
    return join(this.#folder, `lock-${this.#number}`);
  }

  /** Resolves to false when somebody else was quicker. */
  async #make(claim: string): Promise<boolean> {
    try {
      await this.#disk.link(claim, this.#path);
    } catch (error) {
      // Who was quicker has taken a claim that was being written for one that somebody left.
      if (hasCode(error, "EEXIST") || hasCode(error, "ENOENT")) return false;
      throw error;
    }
    const numbers = await numbersIn(this.#disk, this.#folder);
    const isLate = numbers.filter(([, number]) => number >= this.#number).length > 1;
    if (isLate) await removeIfThere(this.#disk, this.#path);
    if (isLate) return false;
    for (const [name, number] of numbers) {
      if (number < this.#number) await removeIfThere(this.#disk, join(this.#folder, name));
    }
    return true;
  }
}

const CLAIM = "claim-";
const NUMBERED = /^(?:lock|free)-(\d{1,15})$/;
/** More than any of these files has. */
const MAX_BYTES = 4096;

async function numbersIn(
  disk: Disk,
  folder: string,
): Promise<(readonly [name: string, number: number])[]> {
  const names = await disk.list(folder);
  return names.flatMap((name) => {
    const [, digits] = NUMBERED.exec(name) ?? [];
    return digits === undefined ? [] : [[name, Number(digits)] as const];
  });
}

/** Removes the files of those who ended while they wanted to have the lock. */
async function removeClaims(disk: Disk, folder: string, self: ProcessIdentity): Promise<void> {
  for (const name of await disk.list(folder)) {
    if (!name.startsWith(CLAIM)) continue;
    const path = join(folder, name);
    const owner = parseOwner(await readText(disk, path));
    if (owner === undefined || !(await mayRun(owner, self))) await removeIfThere(disk, path);
  }
}

async function checkEnded(disk: Disk, path: string, self: ProcessIdentity): Promise<void> {
  const owner = parseOwner(await readText(disk, path));
  if (owner === undefined || !(await mayRun(owner, self))) return;
  throw new SyncError("STORE_LOCKED", "another process has opened the store for writing", {
    details: { pid: owner.pid, host: owner.host },
  });
}

/** `undefined` for what is not there, and for what is damaged: it was on disk before it had its name. */
function parseOwner(text: string | undefined): ProcessIdentity | undefined {
  try {
    const { host, boot, namespace, pid, start } = JSON.parse(text ?? "") as ProcessIdentity;
    const isNumber = Number.isSafeInteger(pid) && pid > 0;
    return isNumber ? { host, boot, namespace, pid, start } : undefined;
  } catch {
    return undefined;
  }
}

async function writeDurably(disk: Disk, path: string, text: string): Promise<void> {
  await withFile(disk, path, "create", async (file) => {
    await writeAll(file, 0, [new TextEncoder().encode(text)]);
    await file.sync();
  });
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return await withFile(disk, path, "read", async (file) => {
      return new TextDecoder().decode(await readFrom(file, 0, MAX_BYTES));
    });
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
