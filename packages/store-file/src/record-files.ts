/** A record that is replaced again and again, and is never lost in between. */
import { type Disk, type DiskFile, readFrom, withFile, writeAll } from "./disk.ts";
import { xxhash32 } from "./xxhash32.ts";

/**
 * Two files, written in place: each record has the next number, and goes where the last one is not that
 * is on disk for certain. Of those that are there as a whole the one with the highest number counts. So
 * what a crash leaves is the last record or, where that was not synced or is torn, the last synced one.
 */
export class RecordFiles<R> {
  readonly #disk: Disk;
  readonly #paths: readonly [string, string];
  #number = 0;
  /** Where the last record is that is on disk for certain. */
  #safe: 0 | 1 = 1;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#paths = [`${path}-0`, `${path}-1`];
  }

  /** The record that counts, which is on disk when it is told. To be called first. */
  async read(): Promise<R | undefined> {
    const [one, other] = [await this.#readSafely(0), await this.#readSafely(1)];
    const isOne = (one?.number ?? 0) > (other?.number ?? 0);
    const found = isOne ? one : other;
    this.#number = found?.number ?? 0;
    this.#safe = isOne ? 0 : 1;
    return found?.record;
  }

  /** Replaces the record. `isSynced`: it is on disk when the call resolves; otherwise it outlives the process. */
  async write(record: R, isSynced: boolean): Promise<void> {
    const at = this.#next;
    const text = JSON.stringify({ number: ++this.#number, record });
    const body = new TextEncoder().encode(text);
    const head = new TextEncoder().encode(`${body.length} ${xxhash32(body)}\n`);
    // At once: a process may be killed between two writes.
    const bytes = Buffer.concat([head, body]);
    await withFile(this.#disk, this.#paths[at], "update", async (file) => {
      await writeAll(file, 0, [bytes]);
      if (isSynced) await file.sync();
    });
    if (isSynced) this.#safe = at;
  }

  /** Removes what could not be written, in part or as a whole. Resolves to whether that is certain. */
  async withdraw(): Promise<boolean> {
    try {
      await withFile(this.#disk, this.#paths[this.#next], "create", (file) => file.sync());
      return true;
    } catch {
      return false;
    }
  }

  get #next(): 0 | 1 {
    return this.#safe === 0 ? 1 : 0;
  }

  #readSafely(at: 0 | 1): Promise<Numbered<R> | undefined> {
    return withFile(this.#disk, this.#paths[at], "update", async (file) => {
      // Who was killed may have left what is nowhere but in memory.
      await file.sync();
      const found = await readNumbered<R>(file);
      if (found !== undefined) return found;
      // The next one may be torn too, and what is there of both may make this one whole.
      await file.truncate(0);
      await file.sync();
      return undefined;
    });
  }
}

interface Numbered<R> {
  readonly number: number;
  readonly record: R;
}

/** `undefined` where there is no record, or none that is whole. */
async function readNumbered<R>(file: DiskFile): Promise<Numbered<R> | undefined> {
  const head = new TextDecoder().decode(await readFrom(file, 0, HEAD_BYTES));
  const [line, length, checksum] = /^(\d{1,10}) (\d{1,10})\n/.exec(head) ?? [];
  const { size } = await file.stat();
  if (line === undefined || Number(length) > size) return undefined;
  const body = await readFrom(file, line.length, Number(length));
  if (xxhash32(body) !== Number(checksum)) return undefined;
  // `as`: nobody else writes what has this checksum.
  return JSON.parse(new TextDecoder().decode(body)) as Numbered<R>;
}

/** Two numbers of 32 bits in decimals, and what is between and behind them. */
const HEAD_BYTES = 22;
