/** A store in a file of lines, whole or with a fault; the name of its folder says which. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import type { NumberedOperation, NumberedStore } from "@datahike-sync/testing/kill";

export async function openJournal(folder: string): Promise<NumberedStore> {
  const kind = basename(folder);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "journal");
  const state = new Map<string, unknown>();
  for (const operation of existsSync(path) ? operationsIn(readFileSync(path, "utf8")) : []) {
    if (operation.op === "delete") state.delete(operation.key);
    else state.set(operation.key, operation.value);
  }
  const file = openSync(path, "a");
  const append = (operations: readonly NumberedOperation[]) => {
    writeSync(file, `\n${JSON.stringify(operations)}`);
  };
  return {
    capabilities: { atomic: kind === "in-parts-and-says-so" ? "prefix" : "commit", feed: false },
    get: async (key) => state.get(key),
    async *keys() {
      for (const key of state.keys()) yield { key };
    },
    async write(operations) {
      if (kind === "too-early") setTimeout(() => append(operations), 5);
      const parts = kind.startsWith("in-parts") ? operations.map((one) => [one]) : [operations];
      for (const part of parts) {
        // Time for somebody to kill it.
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (kind !== "too-early") append(part);
      }
    },
    feed: async () => ({ last: 0 }),
    standing: async () => undefined,
    close: async () => closeSync(file),
  };
}

/** Of all lines that were written to their end: behind one that was not, the next process goes on. */
function operationsIn(text: string): NumberedOperation[] {
  const operations: NumberedOperation[] = [];
  for (const line of text.split("\n").slice(1)) {
    try {
      operations.push(...JSON.parse(line));
    } catch {
      // Somebody was killed while he wrote it, and has told nobody.
    }
  }
  return operations;
}
