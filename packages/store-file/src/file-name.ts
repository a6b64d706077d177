/** How konserve names its files. */
import { type Edn, SyncError } from "@datahike-sync/edn";
import { uuid } from "@datahike-sync/hasch";

/** The name of a key's file. @throws {SyncError} `CODEC_UNSUPPORTED` for what hasch has no hash of. */
export function fileName(key: Edn): string {
  return `${uuid(key).toString()}.ksv`;
}

/** Whether a file is an entry's. */
export function isEntryFile(name: string): boolean {
  return ENTRY_FILE.test(name);
}

/** Whether a file is konserve's: an entry's, or one that a writer of it made or left. */
export function isKonserveFile(name: string): boolean {
  return KONSERVE_FILE.test(name);
}

/** The refusal of a key whose file is another's: hasch gives both the same name. */
export function collision(file: string): SyncError {
  return new SyncError("KEY_COLLISION", "another key has the same file name", {
    details: { file },
  });
}

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ENTRY_FILE = new RegExp(`^${UUID}\\.ksv$`);
/** `.new` is being written, of some writers with a UUID of its own, `.backup` overwritten in place. */
const KONSERVE_FILE = new RegExp(
  `^${UUID}\\.ksv(?:(?:\\.${UUID})?\\.new|\\.backup|\\.lock|\\.cas)?$`,
);
