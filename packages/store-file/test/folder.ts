/** Konserve folders made byte by byte, so that they can be wrong in every way. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Edn, EdnMap, keyword } from "@datahike-sync/edn";
import { uuid } from "@datahike-sync/hasch";

export interface EntryParts {
  /** Default: the header that belongs to the other parts. */
  readonly header?: Uint8Array;
  readonly compressor?: number;
  /** More metadata, or other. */
  readonly meta?: readonly (readonly [name: string, value: Edn])[];
  /** Default: the value in Fressian. */
  readonly valueBytes?: Uint8Array;
}

export const LAST_WRITE = 1_763_650_000_123;

const fressian = fressianCodec();

/** A folder of its own that goes with the test. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "datahike-sync-")));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async put(key: Edn, value: Edn, parts: EntryParts = {}): Promise<string> {
    const name = nameOf(key);
    await writeFile(this.file(name), entryBytes(key, value, parts));
    return name;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

export function nameOf(key: Edn): string {
  return `${uuid(key).toString()}.ksv`;
}

/** The file of an entry as konserve writes it, except for the parts given. */
export function entryBytes(key: Edn, value: Edn, parts: EntryParts = {}): Uint8Array {
  const meta = new Map<string, Edn>([
    ["key", key],
    ["type", keyword("edn")],
    ["last-write", new Date(LAST_WRITE)],
    ...(parts.meta ?? []),
  ]);
  const metaBytes = fressian.encode(
    new EdnMap([...meta].map(([name, item]) => [keyword(name), item])),
  );
  const valueBytes = parts.valueBytes ?? fressian.encode(value);
  const header = parts.header ?? headerBytes(metaBytes.length, parts.compressor);
  return Buffer.concat([header, metaBytes, valueBytes]);
}

export function headerBytes(metaLength: number, compressor = 0): Uint8Array {
  const header = new Uint8Array(20);
  header.set([1, 1, compressor, 0]);
  new DataView(header.buffer).setUint32(4, metaLength);
  return header;
}
