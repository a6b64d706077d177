/** What the app reads of a database in the copy. */
import { type DatomIndex, type IndexType, openIndex } from "@datahike-sync/btset";
import { type ReadableStore, SyncError } from "@datahike-sync/core";
import { type Edn, EdnMap, type Keyword, keyword } from "@datahike-sync/edn";

/** A database record: the value of a branch's head. */
export class Database {
  readonly maxTx: number;
  readonly #store: ReadableStore;
  readonly #record: EdnMap;

  private constructor(store: ReadableStore, record: EdnMap) {
    this.#store = store;
    this.#record = record;
    this.maxTx = Number(record.get(keyword("max-tx")));
  }

  /** Opens the database of a branch. Its indices are read on demand. */
  static async open(store: ReadableStore, branch: Keyword): Promise<Database> {
    const record = await store.get(branch);
    if (!(record instanceof EdnMap)) {
      throw new SyncError("STORE_NOT_FOUND", `no Datahike database under ${branch}`);
    }
    return new Database(store, record);
  }

  index(type: IndexType): DatomIndex {
    return openIndex(this.#store, this.#record.get(keyword(`${type}-key`)) ?? null, {
      root: this.#record.get(keyword(`${type}-root`)),
    });
  }

  /** How many datoms an index has, by reading all of it. */
  async count(type: IndexType): Promise<number> {
    let count = 0;
    for await (const datoms of this.index(type).chunks()) count += datoms.length;
    return count;
  }

  /** The first entities that have the attribute, in the order of its values, with all they have. */
  async entitiesBy(attribute: Keyword, limit: number): Promise<Entity[]> {
    const ids: number[] = [];
    for await (const { e } of this.index("avet").datoms({
      from: { a: attribute },
      to: { a: attribute },
    })) {
      if (ids.push(e) === limit) break;
    }
    return Promise.all(ids.map((id) => this.#entity(id)));
  }

  async #entity(id: number): Promise<Entity> {
    const attributes = new Map<string, Edn[]>();
    for await (const { a, v } of this.index("eavt").datoms({ from: { e: id }, to: { e: id } })) {
      const values = attributes.get(String(a));
      if (values === undefined) attributes.set(String(a), [v]);
      else values.push(v);
    }
    return { id, attributes };
  }
}

export interface Entity {
  readonly id: number;
  /** Values by the attribute's text. */
  readonly attributes: ReadonlyMap<string, readonly Edn[]>;
}
