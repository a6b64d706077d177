/** A driver in memory: any number of them on one map. */
import type { CommitOptions, DriverOperation, StoreDriver } from "@datahike-sync/core";
import { MemoryMap } from "./memory-map.ts";

/**
 * A driver on a map, by default one of its own. Rows may be of any type; `expect` holds for the very
 * same row, and for bytes also for a copy.
 */
export function memoryDriver<Row>(map: MemoryMap<Row> = new MemoryMap<Row>()): StoreDriver<Row> {
  return {
    exclusive: false,
    durability: "commit",
    get: (key) => Promise.resolve(map.get(key)),
    getMany: (keys) => Promise.resolve(keys.map((key) => map.get(key))),
    scan: (range, options) => Promise.resolve(map.scan(range, options)),
    read: (job) => map.read(job),
    commit: async (
      operations: readonly DriverOperation<Row>[],
      { expect }: CommitOptions<Row>,
    ): Promise<boolean> => {
      if (expect !== undefined && !isSame(map.get(expect.key), expect.row)) return false;
      map.apply(operations);
      return true;
    },
    close: () => Promise.resolve(),
    destroy: async () => map.clear(),
  };
}

function isSame(a: unknown, b: unknown): boolean {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
