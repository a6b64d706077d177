/** Places of tiered stores, for suites and worlds. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { CrashDisk } from "@datahike-sync/conformance/simulation";
import type { StoreSubject, StoreWorld } from "@datahike-sync/conformance/store";
import { type Codec, type ObjectRow, openStore, type Store } from "@datahike-sync/core";
import { MemoryMap, MemoryStore } from "@datahike-sync/store-memory";
import { Random } from "@datahike-sync/testing";

export const codec: Codec = msgpackCodec();

/** Makes one store of two. */
export type Join = (frontend: Store, backend: Store) => Promise<Store>;

/** In memory. What is opened beside others has a frontend of its own. */
export function memorySubject({ now }: StoreWorld, join: Join): StoreSubject {
  const map = new MemoryMap<ObjectRow>();
  return {
    open: async () => {
      const frontend = await MemoryStore.open({ feed: false });
      return join(frontend, await MemoryStore.open({ codec, map, now }));
    },
  };
}

/** On two disks, of which a failure of power takes something, each something else. */
export function diskSubject({ now }: StoreWorld, join: Join, caseNumber: number): StoreSubject {
  const random = new Random(caseNumber);
  const options = { random: () => random.next(), exclusive: true };
  const disks = [new CrashDisk(options), new CrashDisk(options)] as const;
  return {
    open: async () => {
      const [frontend, backend] = disks;
      const store = await openStore(await backend.open(), { codec, now });
      return join(await openStore(await frontend.open(), { codec, now }), store);
    },
    crash: () => disks.forEach((disk) => disk.crash()),
  };
}
