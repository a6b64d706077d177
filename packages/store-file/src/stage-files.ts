/** The stage of a subscription: a file that records are put behind. */
import { join } from "node:path";
import type { Uuid } from "@datahike-sync/edn";
import {
  type Disk,
  type DiskFile,
  hasCode,
  readFrom,
  removeIfThere,
  withFile,
  writeAll,
} from "./disk.ts";
import type { Format } from "./format.ts";
import { xxhash32 } from "./xxhash32.ts";

export interface StageFilesOptions {
  readonly disk: Disk;
  /** The folder beside konserve's. */
  readonly beside: string;
  readonly format: Format;
}

/**
 * The stages of a store. A record is its length and its checksum, 32 bits each, and its bytes, encrypted
 * if the store's entries are: one that a crash has torn, or has left of older ones, is found out.
 */
export class StageFiles {
  readonly #options: StageFilesOptions;
  /** By file name, where the last whole record ends. */
  readonly #ends = new Map<string, number>();
  /** Files with records that are not on disk. */
  readonly #unsynced = new Set<string>();

  constructor(options: StageFilesOptions) {
    this.#options = options;
  }

  /** Puts records behind those that are there, all or none. One call at a time. */
  async append(storeId: Uuid, records: readonly Uint8Array[]): Promise<void> {
    if (records.length === 0) return;
    const { disk, format } = this.#options;
    const name = stageName(storeId);
    const parts = records.flatMap((record) => framed(format.seal(record)));
    await withFile(disk, this.#path(name), "update", async (file) => {
      const end = this.#ends.get(name) ?? (await endOf(file));
      this.#ends.set(name, end);
      // Behind the last whole record there may be a part of one.
      await file.truncate(end);
      try {
        await writeAll(file, end, parts);
      } catch (error) {
        await file.truncate(end).catch(() => undefined);
        throw error;
      }
      this.#ends.set(name, end + parts.reduce((sum, { length }) => sum + length, 0));
    });
    this.#unsynced.add(name);
  }

  /** The record that begins at a place, and where the next begins; `undefined` behind the last. */
  async read(
    storeId: Uuid,
    from: number,
  ): Promise<{ readonly record: Uint8Array; readonly next: number } | undefined> {
    const { disk, format } = this.#options;
    try {
      return await withFile(disk, this.#path(stageName(storeId)), "read", async (file) => {
        const bytes = await readRecord(file, from);
        if (bytes === undefined) return undefined;
        return { record: format.unseal(bytes), next: from + FRAME_BYTES + bytes.length };
      });
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async clear(storeId: Uuid): Promise<void> {
    const name = stageName(storeId);
    await removeIfThere(this.#options.disk, this.#path(name));
    this.#ends.delete(name);
    this.#unsynced.delete(name);
  }

  /** Has all records on disk. */
  async sync(): Promise<void> {
    if (this.#unsynced.size === 0) return;
    const { disk, beside } = this.#options;
    for (const name of this.#unsynced) {
      await withFile(disk, this.#path(name), "update", (file) => file.sync());
    }
    await disk.syncFolder(beside);
    this.#unsynced.clear();
  }

  #path(name: string): string {
    return join(this.#options.beside, name);
  }
}

const FRAME_BYTES = 8;

function stageName(storeId: Uuid): string {
  return `stage-${storeId.toString()}`;
}

function framed(record: Uint8Array): Uint8Array[] {
  const frame = new Uint8Array(FRAME_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint32(0, record.length);
  view.setUint32(4, xxhash32(record));
  return [frame, record];
}

/** `undefined` where no whole record begins. */
async function readRecord(file: DiskFile, from: number): Promise<Uint8Array | undefined> {
  const frame = await readFrom(file, from, FRAME_BYTES);
  if (frame.length < FRAME_BYTES) return undefined;
  const view = new DataView(frame.buffer);
  const length = view.getUint32(0);
  const { size } = await file.stat();
  if (length > size - from - FRAME_BYTES) return undefined;
  const record = await readFrom(file, from + FRAME_BYTES, length);
  const isWhole = record.length === length && view.getUint32(4) === xxhash32(record);
  return isWhole ? record : undefined;
}

async function endOf(file: DiskFile): Promise<number> {
  for (let end = 0; ; ) {
    const record = await readRecord(file, end);
    if (record === undefined) return end;
    end += FRAME_BYTES + record.length;
  }
}
