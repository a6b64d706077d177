/** A worker that commits into a SQLite file of the browser until it is terminated, or looks at what is there. */
import { SqliteStore, wasmDatabase } from "@datahike-sync/app-store-sqlite";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { uuid } from "@datahike-sync/edn";
import { NumberedCommits } from "@datahike-sync/testing/numbered-commits";
import { loadSqlite } from "./wasm-sqlite.ts";

export interface OpfsTask {
  readonly seed: number;
  /** Looks whether these many commits are there, and commits only where this is absent. */
  readonly acknowledged?: number;
}

const POOL = "store-sqlite";

addEventListener("message", ({ data }: MessageEvent<OpfsTask>) => {
  run(data).catch((error: unknown) => reportError(error));
});

async function run({ seed, acknowledged }: OpfsTask): Promise<void> {
  const sqlite3 = await loadSqlite();
  // The library erases the pool when it cannot have all its files.
  while (!(await isFree())) await new Promise((resolve) => setTimeout(resolve, 5));
  const { OpfsSAHPoolDb } = await sqlite3.installOpfsSAHPoolVfs({ name: POOL });
  const db = wasmDatabase(new OpfsSAHPoolDb("/store.db"));
  const store = await SqliteStore.open(db, { codec: msgpackCodec() });
  const numbered = new NumberedCommits(uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab"), seed);
  if (acknowledged !== undefined) {
    const wrong = await numbered.wrongIn(store, acknowledged);
    const count = await numbered.countIn(store);
    await store.close();
    return postMessage({ wrong, count });
  }
  for (let count = await numbered.countIn(store); ; count++) {
    postMessage(count);
    await numbered.write(store, count);
  }
}

/** Whether the browser has let go of the files of the worker before this one, which takes a while. */
async function isFree(): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory();
    const pool = await root.getDirectoryHandle(`.${POOL}`);
    const files = await pool.getDirectoryHandle(".opaque");
    for await (const file of files.values()) {
      if (isWorkerFile(file)) (await file.createSyncAccessHandle()).close();
    }
    return true;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "NotFoundError") return true;
    if (error.name === "NoModificationAllowedError") return false;
    throw error;
  }
}

/** What a file is in a worker; the compiler knows those of pages. */
interface WorkerFile {
  createSyncAccessHandle(): Promise<{ close(): void }>;
}

function isWorkerFile(file: object): file is WorkerFile {
  return "createSyncAccessHandle" in file;
}
