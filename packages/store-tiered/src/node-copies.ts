/** Copies of a backend's nodes in a frontend that is written to by its own. */
import type { EncodedEntry, EntryMeta, ReadableStore, Store } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import { Fills } from "./fills.ts";
import { put } from "./frontend-queue.ts";
import { clearFrontend, lackingOf } from "./marks.ts";

export interface NodeCopiesOptions {
  readonly frontend: Store;
  readonly backend: ReadableStore;
  /** Whether an entry never gets another value. */
  readonly isNode: (key: Edn, meta: EntryMeta) => boolean;
  /** Told when the frontend does not take one. */
  readonly onFailure: (error: unknown) => void;
}

export class NodeCopies {
  readonly #options: NodeCopiesOptions;
  readonly #fills = new Fills();
  /** Keys that are being put there now, by identity. */
  readonly #putting = new Set<string>();
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: NodeCopiesOptions) {
    this.#options = options;
  }

  /** Reads the backend. Nodes are put into the frontend afterwards, unless it writes them itself. */
  async read(keys: readonly Edn[]): Promise<readonly (EncodedEntry | undefined)[]> {
    const { backend, isNode } = this.#options;
    return this.#fills.during(keys, async (isGood) => {
      const entries = await backend.getMany(keys, { encoded: true });
      const nodes = entries.filter((entry, at): entry is EncodedEntry => {
        return entry !== undefined && isGood(at) && isNode(entry.key, entry);
      });
      if (nodes.length > 0 && this.#putting.size < MAX_PUTTING) {
        this.#underWay = Promise.all([this.#underWay, this.#put(nodes)]).then(() => undefined);
      }
      return entries;
    });
  }

  /** Whether a commit of this key is that of a copy. */
  isPut(key: Edn): boolean {
    return this.#putting.size > 0 && this.#putting.has(identity(key));
  }

  /** To be called before these keys are written. */
  spoil(keys: readonly Edn[]): void {
    for (const id of keys.map(identity)) {
      this.#fills.spoil(id);
      this.#putting.delete(id);
    }
  }

  /** Copies everything that the frontend lacks. */
  async populate(anew: boolean): Promise<void> {
    const { frontend, backend } = this.#options;
    if (anew) await clearFrontend(frontend);
    let chunk: Edn[] = [];
    const copy = async () => {
      const missing = await lackingOf(frontend, chunk);
      chunk = [];
      const entries = await backend.getMany(missing, { encoded: true });
      await frontend.write(entries.flatMap((entry) => (entry === undefined ? [] : [toPut(entry)])));
    };
    for await (const { key } of backend.keys()) if (chunk.push(key) === CHUNK) await copy();
    await copy();
  }

  /** Resolves when nothing is being put any more. */
  settled(): Promise<void> {
    return this.#underWay;
  }

  async #put(nodes: readonly EncodedEntry[]): Promise<void> {
    const ids = nodes.map(({ key }) => identity(key));
    for (const id of ids) this.#putting.add(id);
    try {
      await this.#options.frontend.write(nodes.map(toPut), { relaxed: true });
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      for (const id of ids) this.#putting.delete(id);
    }
  }
}

const CHUNK = 256;

/** A frontend that is slower than its backend must not fill the memory with what waits for it. */
const MAX_PUTTING = 4096;

function toPut(entry: EncodedEntry): ReturnType<typeof put> {
  return put(entry.key, entry.value, entry);
}
