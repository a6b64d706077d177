/** Tiered stores for the simulated world: frontends in memory before disks that lose what was not synced. */
import { CrashDisk, type Opening, type Place } from "@datahike-sync/conformance/simulation";
import { type Commit, openStore, type Store } from "@datahike-sync/core";
import { MemoryStore } from "@datahike-sync/store-memory";
import { codec, type Join } from "./subjects.ts";

/** Each process has a frontend of its own, as tabs do. */
export function tabsWorld(join: Join): Opening {
  const disks = new Disks();
  return {
    open: async (place) => join(await memory(), await disks.open(place)),
    crash: (place) => disks.at(place).crash(),
    backup: (place) => disks.at(place).backup(),
  };
}

/**
 * All processes of a place share one store, as those do that talk to one worker, until the power fails:
 * nobody else writes to its backend.
 */
export function workersWorld(join: Join): Opening {
  const disks = new Disks();
  const workers = new WeakMap<Place, Worker>();
  return {
    open: async (place) => {
      // Each open begins an era.
      if (workers.has(place)) await (await disks.open(place)).close();
      const worker = workers.get(place) ?? {
        store: await join(await memory(), await disks.open(place, true)),
        caller: {},
      };
      workers.set(place, worker);
      return callerOf(worker);
    },
    crash: (place) => {
      workers.delete(place);
      disks.at(place).crash();
    },
    backup: (place) => {
      const restore = disks.at(place).backup();
      return () => {
        workers.delete(place);
        restore();
      };
    },
  };
}

class Disks {
  readonly #disks = new WeakMap<Place, CrashDisk>();

  at(place: Place): CrashDisk {
    let disk = this.#disks.get(place);
    if (disk === undefined) {
      disk = new CrashDisk({ random: () => place.random() });
      this.#disks.set(place, disk);
    }
    return disk;
  }

  async open(place: Place, exclusive = false): Promise<Store> {
    const driver = await this.at(place).open();
    return openStore({ ...driver, exclusive }, { codec, now: () => place.now() });
  }
}

function memory(): Promise<Store> {
  return MemoryStore.open({ feed: false });
}

/** A store, and who called it last to change something: a world lets one do so at a time. */
interface Worker {
  readonly store: Store;
  caller: object;
}

/** The store as one of those who share it sees it: they hear their own commits, as openers do. */
function callerOf(worker: Worker): Store {
  const { store } = worker;
  const caller = {};
  return new Proxy(store, {
    get(_, name) {
      if (name === "capabilities") return { ...store.capabilities, shared: true };
      if (name === "onCommit") {
        return (listener: (commit: Commit) => void) =>
          store.onCommit((commit) => {
            if (worker.caller === caller) listener(commit);
          });
      }
      const member: unknown = Reflect.get(store, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (CHANGES.has(name)) worker.caller = caller;
        return Reflect.apply(member, store, args);
      };
    },
  });
}

const CHANGES: ReadonlySet<string | symbol> = new Set(["set", "delete", "update", "write"]);
