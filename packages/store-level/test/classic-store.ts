/** A store on real LevelDB, as the tests and the processes that they kill open it. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { uuid } from "@datahike-sync/edn";
import { LevelStore } from "@datahike-sync/store-level";
import { ClassicLevel } from "classic-level";

export const STORE_ID = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");

/** So small that logs are closed and tables written all the time. */
const WRITE_BUFFER_BYTES = 64 * 2 ** 10;

export function openIn(folder: string): Promise<LevelStore> {
  const db = new ClassicLevel(folder, { writeBufferSize: WRITE_BUFFER_BYTES });
  return LevelStore.open(db, { codec: msgpackCodec() });
}
