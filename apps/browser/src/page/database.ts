/** What the page reads of a database: its figures, and entities in the order of an attribute. */
import { type DatomIndex, type IndexType, openIndex } from "@datahike-sync/btset";
import type { ReadableStore } from "@datahike-sync/core";
import {
  type Edn,
  type EdnMap,
  isKind,
  type Keyword,
  keyword,
  type Uuid,
} from "@datahike-sync/edn";
import { commitIdOf, isDbRecord } from "@datahike-sync/walker-datahike";
import { BRANCH } from "../agreement.ts";

/** An entity with the values that it has, by the text of the attribute. */
export interface Entity {
  readonly id: number;
  readonly values: ReadonlyMap<string, readonly Edn[]>;
}

/** A database as it was at one commit; its nodes are read on demand. */
export class Database {
  /** Absent in very old databases. */
  readonly commitId: Uuid | undefined;
  /** The number of its last transaction, from 1 on. */
  readonly transaction: number;
  /** When that was, by the clock of who made it. */
  readonly updatedAt: Date | undefined;
  readonly #store: ReadableStore;
  readonly #record: EdnMap;

  private constructor(store: ReadableStore, record: EdnMap) {
    this.#store = store;
    this.#record = record;
    this.commitId = commitIdOf(record);
    this.transaction = Number(record.get(keyword("max-tx"))) - FIRST_TX;
    const meta = record.get(keyword("meta"));
    const updatedAt = isKind(meta, "map") ? meta.get(keyword("datahike/updated-at")) : undefined;
    this.updatedAt = updatedAt instanceof Date ? updatedAt : undefined;
  }

  /** The database as it is now, or `undefined` while there is none. */
  static async open(store: ReadableStore): Promise<Database | undefined> {
    const record = await store.get(BRANCH);
    return isDbRecord(record) ? new Database(store, record) : undefined;
  }

  /** How many facts it has. */
  get datoms(): number | undefined {
    return this.#index("eavt").count;
  }

  /** How many entities have an indexed attribute that has one value each. */
  async count(attribute: Keyword): Promise<number> {
    let count = 0;
    for await (const datoms of this.#by(attribute)) count += datoms.length;
    return count;
  }

  /** Entities in the order of the values of an indexed attribute, of which each has one. */
  async entities(attribute: Keyword, from: number, limit: number): Promise<Entity[]> {
    const ids: number[] = [];
    let skipped = 0;
    for await (const datoms of this.#by(attribute)) {
      const start = Math.min(from - skipped, datoms.length);
      skipped += start;
      for (const { e } of datoms.slice(start, start + limit - ids.length)) ids.push(e);
      if (ids.length === limit) break;
    }
    return Promise.all(ids.map((id) => this.#entity(id)));
  }

  /** The name of an entity that stands for a constant, such as a status. */
  async ident(id: number): Promise<Keyword | undefined> {
    const { values } = await this.#entity(id, keyword("db/ident"));
    const ident = values.get(":db/ident")?.[0];
    return isKind(ident, "keyword") ? ident : undefined;
  }

  #by(attribute: Keyword) {
    return this.#index("avet").chunks({ from: { a: attribute }, to: { a: attribute } });
  }

  async #entity(id: number, a?: Keyword): Promise<Entity> {
    const values = new Map<string, Edn[]>();
    const one = a === undefined ? { e: id } : { e: id, a };
    for await (const datoms of this.#index("eavt").chunks({ from: one, to: one })) {
      for (const datom of datoms) {
        const name = String(datom.a);
        const others = values.get(name);
        if (others === undefined) values.set(name, [datom.v]);
        else others.push(datom.v);
      }
    }
    return { id, values };
  }

  #index(type: IndexType): DatomIndex {
    return openIndex(this.#store, this.#record.get(keyword(`${type}-key`)) ?? null, {
      root: this.#record.get(keyword(`${type}-root`)),
    });
  }
}

/** Datahike numbers transactions from here on. */
const FIRST_TX = 2 ** 29;
