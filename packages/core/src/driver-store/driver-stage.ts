/** The stage of a subscription: rows of a driver. */
import type { Uuid } from "@datahike-sync/edn";
import type { Stage } from "../feed.ts";
import type { DriverKey } from "../store-driver.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { stageKey, stageNumber, stageRange } from "./driver-keys.ts";
import type { RowFormat } from "./row-format.ts";
import type { SnapshotGate } from "./snapshot-gate.ts";
import type { StoreLife } from "./store-life.ts";

export interface DriverStageOptions<Row> {
  readonly storeId: Uuid;
  readonly queue: CommitQueue<Row>;
  readonly gate: SnapshotGate<Row>;
  readonly format: RowFormat<Row>;
  readonly life: StoreLife;
}

export class DriverStage<Row> implements Stage {
  readonly #options: DriverStageOptions<Row>;

  constructor(options: DriverStageOptions<Row>) {
    this.#options = options;
  }

  append(records: readonly Uint8Array[]): Promise<void> {
    const { storeId, queue, gate, format, life } = this.#options;
    const rows = records.map((record) => format.record(record));
    return life.run(() =>
      queue.run(async (header) => {
        if (header === undefined || rows.length === 0) return undefined;
        const [last] = await gate.read((snapshot) =>
          snapshot.scan(stageRange(storeId), { limit: 1, reverse: true }),
        );
        const first = last === undefined ? 0 : stageNumber(last[0]) + 1;
        return {
          header: { ...header, writes: header.writes + 1 },
          rows: rows.map((row, index) => ({ key: stageKey(storeId, first + index), row })),
        };
      }),
    );
  }

  async *read(): AsyncGenerator<Uint8Array, undefined> {
    const { storeId, gate, format, life } = this.#options;
    const { lt } = stageRange(storeId);
    let range = stageRange(storeId);
    for (;;) {
      const found = await life.run(() =>
        gate.read((snapshot) => snapshot.scan(range, { limit: READ_ROWS })),
      );
      for (const [, row] of found) yield format.readRecord(row);
      const last = found.at(-1);
      if (last === undefined) return;
      range = { gt: last[0], lt };
    }
  }

  clear(): Promise<void> {
    const { storeId, queue, gate, life } = this.#options;
    return life.run(async () => {
      for (let isEmpty = false; !isEmpty; ) {
        await queue.run(async (header) => {
          const found = await gate.read((snapshot) =>
            snapshot.scan(stageRange(storeId), { limit: CLEAR_ROWS }),
          );
          isEmpty = found.length < CLEAR_ROWS;
          if (header === undefined || found.length === 0) return undefined;
          const rows = found.map(([key]): { key: DriverKey } => ({ key }));
          return { header: { ...header, writes: header.writes + 1 }, rows };
        });
      }
    });
  }
}

/** Records may be large, and whoever staged them had no room for all. */
const READ_ROWS = 16;
const CLEAR_ROWS = 64;
