/** Where the stores of a world are kept, and who opens them. */
import type { Store } from "@datahike-sync/core";
import { CrashDisk } from "./crash-disk.ts";
import type { Dice } from "./dice.ts";
import type { Engine } from "./engine.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { TEXT_CODEC } from "./text-codec.ts";

/** Where one store of one run is kept. The same object each time that store is opened. */
export interface Place {
  /** Of its own within a run. */
  readonly name: string;
  /** Whether others follow what is kept there: then it needs a feed. */
  readonly isFollowed: boolean;
  /** The time of day there, in milliseconds since the epoch; it may be set back. */
  now(): number;
  /** At least 0, below 1; the same numbers for the same seed. */
  random(): number;
}

/** How stores come into a world. */
export interface Opening {
  /** Opens the store of a place: for the first time, again after it has ended, or beside others. */
  readonly open: (place: Place) => Promise<Store>;
  /** Fails the power: what is open there is no more. Default: openers are dropped, the data stays. */
  readonly crash?: (place: Place) => void;
  /** Keeps what is there, and returns what brings it back while nobody has it open. */
  readonly backup?: (place: Place) => () => void;
}

/** Stores that the engine makes on disks in memory, which may or may not lose what is not synced. */
export function diskOpening(engine: Engine, dice: Dice, crashes: boolean): Opening {
  const disks = new Map<Place, CrashDisk | MemoryDisk>();
  const diskOf = (place: Place): CrashDisk | MemoryDisk => {
    let disk = disks.get(place);
    if (disk === undefined) {
      disk = crashes ? new CrashDisk({ random: () => dice.next() }) : new MemoryDisk();
      disks.set(place, disk);
    }
    return disk;
  };
  return {
    open: async (place) => {
      const disk = diskOf(place);
      const now = () => place.now();
      return disk instanceof CrashDisk
        ? engine.openStore(await disk.open(), { codec: TEXT_CODEC, now })
        : engine.openObjectStore(disk.open(), { codec: TEXT_CODEC, now });
    },
    crash: (place) => {
      const disk = diskOf(place);
      if (disk instanceof CrashDisk) disk.crash();
    },
    backup: (place) => diskOf(place).backup(),
  };
}
