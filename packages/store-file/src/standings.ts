/** Where the subscriptions of a store stand: a file for each, of konserve's form, beside the folder. */
import type { Standing } from "@datahike-sync/core";
import type { Uuid } from "@datahike-sync/edn";
import type { Disk } from "./disk.ts";
import { readable, readNamed } from "./folder.ts";
import type { Format } from "./format.ts";
import { readStanding, standingValue } from "./standing-value.ts";

export interface StandingsOptions {
  readonly disk: Disk;
  /** The folder beside konserve's. */
  readonly beside: string;
  readonly format: Format;
  readonly maxValueBytes: number;
}

export class Standings {
  readonly #options: StandingsOptions;

  constructor(options: StandingsOptions) {
    this.#options = options;
  }

  /** @throws {SyncError} `ENTRY_UNREADABLE`. */
  async read(storeId: Uuid): Promise<Standing | undefined> {
    const { disk, beside, format, maxValueBytes } = this.#options;
    const name = standingName(storeId);
    const file = await readNamed(disk, beside, name, "all", maxValueBytes);
    if (file === undefined) return undefined;
    return readable(name, () => readStanding(format.value(file, "edn").decode()));
  }

  /** The file of a standing, in parts. */
  file(storeId: Uuid, standing: Standing): readonly Uint8Array[] {
    const { format } = this.#options;
    const entry = { key: storeId, type: "edn", lastWrite: 0, immutable: false } as const;
    return format.file(entry, format.keep(standingValue(standing), "edn"));
  }
}

/** The name of a standing's file. */
export function standingName(storeId: Uuid): string {
  return `standing-${storeId.toString()}`;
}
