/** Replicas in a process of their own, each with a line of its own. Says when all of them have a chapter. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type SyncStep } from "@datahike-sync/core";
import { MemoryStore } from "@datahike-sync/store-memory";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { NodeWebSocket } from "@datahike-sync/transport-ws/server";
import {
  CHAPTER_KEY,
  COMMIT_KEY,
  CROWD_STORE,
  digestOf,
  FIRST_CHAPTER,
  type Report,
  WINDOW_BYTES,
} from "./crowd-terms.ts";

const codec = msgpackCodec();
const [address = "", size = "1"] = process.argv.slice(2);
const replicas: Replica[] = [];
const context = createSyncContext({ codec, limits: { windowBytes: WINDOW_BYTES } });

class Replica {
  readonly #store: MemoryStore;
  /** Of the numbered commits, which it should be told of one after the other. */
  told = 0;
  isDisordered = false;
  refusals = 0;
  chapter = Number.NaN;
  digest = "";

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  follow(): void {
    const dialer = wsDialer(address, { WebSocket: NodeWebSocket, connectTimeoutMs: 60_000 });
    const subscription = context.subscribe(dialer, CROWD_STORE, this.#store, {
      onStep: (step) => void this.#take(step),
      onError: ({ code }) => {
        if (code === "RETRY_LATER") this.refusals++;
      },
    });
    void subscription.synced().then(() => this.#end(FIRST_CHAPTER));
  }

  async #take({ operations }: SyncStep): Promise<void> {
    let chapter: number | undefined;
    for (const { key } of operations) {
      if (typeof key !== "string") continue;
      if (key.startsWith(COMMIT_KEY)) {
        this.isDisordered ||= key !== `${COMMIT_KEY}${this.told}`;
        this.told++;
      } else if (key === CHAPTER_KEY) {
        chapter = Number(await this.#store.get(key));
      }
    }
    if (chapter !== undefined) await this.#end(chapter);
  }

  async #end(chapter: number): Promise<void> {
    this.digest = await digestOf(this.#store);
    this.chapter = chapter;
    if (replicas.every((replica) => replica.chapter === chapter)) report(chapter);
  }
}

function report(chapter: number): void {
  const said: Report = {
    chapter,
    digests: Array.from(new Set(replicas.map(({ digest }) => digest))),
    told: Array.from(new Set(replicas.map(({ told }) => told))),
    disordered: replicas.filter(({ isDisordered }) => isDisordered).length,
    refusals: replicas.reduce((sum, { refusals }) => sum + refusals, 0),
  };
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

for (let i = 0; i < Number(size); i++) {
  const store = await MemoryStore.open({ codec });
  replicas.push(new Replica(store));
}
for (const replica of replicas) replica.follow();
// Whose tests have ended without ending it is nobody's any more, and learns it when it says something.
process.stdout.on("error", () => process.exit());
setInterval(() => process.stdout.write("\n"), 1_000);
