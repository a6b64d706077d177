/** A disk in memory: fast, and nothing that was written is ever lost. */
import type { DriverOperation, ObjectRow, StoreDriver } from "@datahike-sync/core";

/** A world does one call of a store at a time: so the disk itself is the snapshot that a job reads. */
export class MemoryDisk {
  #rows = new Map<string, ObjectRow>();
  /** In order; `undefined` when it has to be made again. */
  #keys: string[] | undefined;

  open(): StoreDriver<ObjectRow> {
    const driver: StoreDriver<ObjectRow> = {
      exclusive: false,
      durability: "commit",
      get: async (key) => this.#rows.get(key),
      getMany: async (keys) => keys.map((key) => this.#rows.get(key)),
      scan: async ({ gt, gte, lt }, { limit, reverse = false }) => {
        const keys = this.#sorted();
        const first = firstAt(keys, gt ?? gte ?? "", gt !== undefined);
        const end = firstAt(keys, lt, false);
        const found = reverse
          ? keys.slice(Math.max(first, end - limit), end).reverse()
          : keys.slice(first, Math.min(end, first + limit));
        return found.map((key) => [key, this.#rows.get(key) as ObjectRow]);
      },
      commit: async (operations, { expect }) => {
        if (expect !== undefined && this.#rows.get(expect.key) !== expect.row) return false;
        for (const operation of operations) this.#apply(operation);
        return true;
      },
      read: (job) => job(driver),
      close: async () => undefined,
      destroy: async () => {
        this.#rows = new Map();
        this.#keys = undefined;
      },
    };
    return driver;
  }

  /** Keeps what is there, and returns what brings it back. */
  backup(): () => void {
    const rows = new Map(this.#rows);
    return () => {
      this.#rows = new Map(rows);
      this.#keys = undefined;
    };
  }

  #apply({ key, row }: DriverOperation<ObjectRow>): void {
    if (row === undefined) {
      if (this.#rows.delete(key)) this.#keys = undefined;
      return;
    }
    if (!this.#rows.has(key)) this.#keys = undefined;
    this.#rows.set(key, row);
  }

  #sorted(): readonly string[] {
    return (this.#keys ??= [...this.#rows.keys()].sort());
  }
}

function firstAt(keys: readonly string[], key: string, isBehind: boolean): number {
  let low = 0;
  for (let high = keys.length; low < high; ) {
    const middle = (low + high) >>> 1;
    const at = keys[middle] as string;
    if (at < key || (isBehind && at === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}
