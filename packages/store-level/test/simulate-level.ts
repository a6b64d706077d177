/** Simulated worlds whose stores are on databases of abstract-level. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { explain, type Place, simulate } from "@datahike-sync/conformance/simulation";
import { createSyncContext, openObjectStore, openStore } from "@datahike-sync/core";
import { type LevelDatabase, type LevelSnapshot, levelDriver } from "@datahike-sync/store-level";

/** The shortest trace that was found, if something is violated in the run of a seed. */
export async function simulateOn<Snapshot extends LevelSnapshot>(
  seed: number,
  makeDatabase: () => LevelDatabase<Snapshot>,
): Promise<string | undefined> {
  const codec = msgpackCodec();
  const databases = new Map<Place, LevelDatabase<Snapshot>>();
  const open = async (place: Place) => {
    const db = databases.get(place) ?? makeDatabase();
    databases.set(place, db);
    await db.open();
    // Two tabs may have it open beside each other: a world does one call of a store at a time.
    const driver = { ...levelDriver(db), exclusive: false, close: () => Promise.resolve() };
    return openStore(driver, { codec, now: () => place.now() });
  };
  const options = { engine: { createSyncContext, openObjectStore, openStore }, open };
  const result = await simulate({ ...options, seed });
  const violated = result.violation === undefined ? undefined : await explain(options, result);
  for (const db of databases.values()) await db.close();
  return violated;
}
