/** What a replica keeps back, as records of a store's stage. */
import { type Edn, identity, SyncError } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { Stage } from "../feed.ts";
import { ByteReader, ByteWriter } from "../wire/bytes.ts";
import { BodyWriter, readBody, type WireDelete, type WireSet } from "../wire/operations.ts";

/** An operation that is not applied before its step is whole. Sets have their values. */
export type KeptOperation = KeptSet | WireDelete;

export interface KeptSet extends WireSet {
  readonly value: NonNullable<WireSet["value"]>;
}

/**
 * The records of one session. A stage may hold those of others too, living and dead, and any of them
 * may clear it: whoever reads says how many there have to be.
 */
export class StageRecords {
  readonly #stage: Stage;
  readonly #tag: number;
  readonly #codec: Codec;

  /** @param tag A whole number below 2^53 that no other session of this stage has. */
  constructor(stage: Stage, tag: number, codec: Codec) {
    this.#stage = stage;
    this.#tag = tag;
    this.#codec = codec;
  }

  /**
   * Puts operations behind those that are there. Of `voids`, keys, nothing counts that was appended
   * before. Resolves to the number of records.
   */
  async append(voids: Iterable<Edn>, operations: Iterable<KeptOperation>): Promise<number> {
    const records = this.#encode(KINDS.voids, deletesOf(voids));
    records.push(...this.#encode(KINDS.operations, operations));
    await this.#stage.append(records);
    return records.length;
  }

  /**
   * The operations that count, in order.
   *
   * @throws {SyncError} `CURSOR_MOVED` when there are not `count` records, at the latest at the end.
   */
  async *read(count: number): AsyncGenerator<KeptOperation, void> {
    const voids = await this.#readVoids(count);
    let at = 0;
    for await (const { kind, body } of this.#own()) {
      if (kind === KINDS.operations) {
        for (const operation of readBody(body, this.#codec)) {
          // `as`: only what is kept was written.
          if ((voids.get(identity(operation.key)) ?? -1) < at) yield operation as KeptOperation;
        }
      }
      at++;
    }
    checkCount(at, count);
  }

  /** The keys that were voided, and by which record the last time. */
  async #readVoids(count: number): Promise<Map<string, number>> {
    const voids = new Map<string, number>();
    let at = 0;
    for await (const { kind, body } of this.#own()) {
      if (kind === KINDS.voids) {
        for (const { key } of readBody(body, this.#codec)) voids.set(identity(key), at);
      }
      at++;
    }
    checkCount(at, count);
    return voids;
  }

  /** Records of other sessions are skipped, and those of a codec that this line has not. */
  async *#own(): AsyncGenerator<{ readonly kind: number; readonly body: Uint8Array }, void> {
    for await (const record of this.#stage.read()) {
      const reader = new ByteReader(record);
      const kind = reader.byte();
      if (reader.varint() !== this.#tag) continue;
      if (new TextDecoder().decode(reader.block()) !== this.#codec.name) continue;
      yield { kind, body: reader.rest() };
    }
  }

  #encode(kind: number, operations: Iterable<KeptOperation>): Uint8Array[] {
    const records: Uint8Array[] = [];
    let body = new BodyWriter(this.#codec);
    for (const operation of operations) {
      body.add(operation);
      if (body.length < RECORD_BYTES) continue;
      records.push(this.#record(kind, body));
      body = new BodyWriter(this.#codec);
    }
    if (body.count > 0) records.push(this.#record(kind, body));
    return records;
  }

  #record(kind: number, body: BodyWriter): Uint8Array {
    const record = new ByteWriter();
    record.byte(kind);
    record.varint(this.#tag);
    record.block(new TextEncoder().encode(this.#codec.name));
    record.raw(body.finish());
    return record.finish();
  }
}

const KINDS = { operations: 0, voids: 1 } as const;

/** A stage is read a few records at a time: large ones fill the memory, small ones take long. */
const RECORD_BYTES = 128 * 2 ** 10;

function* deletesOf(keys: Iterable<Edn>): Generator<WireDelete> {
  for (const key of keys) yield { op: "delete", key, type: "edn", immutable: false, lastWrite: 0 };
}

function checkCount(found: number, count: number): void {
  if (found === count) return;
  throw new SyncError("CURSOR_MOVED", "somebody else has cleared what was kept back", {
    details: { found, count },
  });
}
