/** Commits one behind the other in an array of bytes, each with its length and a checksum. */
import type { DriverOperation } from "@datahike-sync/core";

type Operations = readonly DriverOperation<Uint8Array>[];

export class Journal {
  #bytes = new Uint8Array(0);
  #synced = 0;

  append(operations: Operations): void {
    const body = encode(operations);
    const record = new Uint8Array(HEAD_BYTES + body.length);
    const view = new DataView(record.buffer);
    view.setUint32(0, body.length);
    view.setUint32(4, checksum(body));
    record.set(body, HEAD_BYTES);
    this.#bytes = joined(this.#bytes, record);
  }

  sync(): void {
    this.#synced = this.#bytes.length;
  }

  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#synced = 0;
  }

  /** Another with the same bytes, all of them synced. */
  copy(): Journal {
    const copy = new Journal();
    copy.#bytes = this.#bytes.slice();
    copy.sync();
    return copy;
  }

  /** Keeps what was synced, of the rest any sectors, and of those all up to any byte. */
  crash(random: () => number): void {
    const rest = this.#bytes.length - this.#synced;
    const end = this.#synced + Math.floor(random() * (rest + 1));
    const kept = this.#bytes.slice(0, end);
    // Half of the time the whole rest is there, only torn: else hardly a commit would survive.
    const holes = random() < 0.5 ? 0 : random();
    for (let sector = this.#synced; sector < end; sector += SECTOR_BYTES) {
      if (random() < holes) kept.fill(0, sector, Math.min(sector + SECTOR_BYTES, end));
    }
    this.#bytes = kept;
  }

  /** The commits that are whole, up to the first that is not; what is behind is cut off. */
  read(): Operations[] {
    const commits: Operations[] = [];
    let at = 0;
    for (;;) {
      const record = this.#record(at);
      if (record === undefined) break;
      commits.push(decode(record));
      at += HEAD_BYTES + record.length;
    }
    this.#bytes = this.#bytes.slice(0, at);
    this.sync();
    return commits;
  }

  #record(at: number): Uint8Array | undefined {
    if (at + HEAD_BYTES > this.#bytes.length) return undefined;
    const view = new DataView(this.#bytes.buffer);
    const start = at + HEAD_BYTES;
    const body = this.#bytes.slice(start, start + view.getUint32(at));
    const isWhole = body.length > 0 && body.length === view.getUint32(at);
    return isWhole && checksum(body) === view.getUint32(at + 4) ? body : undefined;
  }
}

const HEAD_BYTES = 8;
const SECTOR_BYTES = 32;
const GONE = 0xffff_ffff;

/** FNV-1a. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}

function encode(operations: Operations): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { key, row } of operations) {
    const name = new TextEncoder().encode(key);
    const lengths = new Uint8Array(8);
    new DataView(lengths.buffer).setUint32(0, name.length);
    new DataView(lengths.buffer).setUint32(4, row === undefined ? GONE : row.length);
    parts.push(lengths, name);
    if (row !== undefined) parts.push(row);
  }
  return joined(...parts);
}

function decode(body: Uint8Array): Operations {
  const view = new DataView(body.buffer);
  const operations: DriverOperation<Uint8Array>[] = [];
  for (let at = 0; at < body.length; ) {
    const start = at + 8 + view.getUint32(at);
    const length = view.getUint32(at + 4);
    const key = new TextDecoder().decode(body.subarray(at + 8, start));
    at = length === GONE ? start : start + length;
    operations.push({ key, row: length === GONE ? undefined : body.slice(start, at) });
  }
  return operations;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
