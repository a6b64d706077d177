/** What the page shows of the database, all of it of one commit. */
import { isSyncError, type ReadableStore } from "@datahike-sync/core";
import { type Edn, equals, keyword } from "@datahike-sync/edn";
import { cellsOf, ENUMERATION } from "./columns.ts";
import { Database } from "./database.ts";

export interface Reading {
  readonly transaction: number;
  readonly updatedAt: Date | undefined;
  readonly datoms: number | undefined;
  /** How many there are on all pages of the table. */
  readonly items: number;
  /** The page of the table that was read, from 0: the last, where there are no more so many. */
  readonly page: number;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly id: number;
  /** In the order of the columns. */
  readonly cells: readonly string[];
}

/** How many rows a page of the table has. */
export const PAGE_ROWS = 12;

/** Reads one page of the table and the figures; `undefined` while there is no database. */
export async function read(store: ReadableStore, page: number): Promise<Reading | undefined> {
  let database = await Database.open(store);
  while (database !== undefined) {
    try {
      return await readFrom(database, page);
    } catch (error) {
      const now: Database | undefined = await Database.open(store);
      // The next commit came meanwhile, and nodes that only the one before it had are gone.
      const hasMoved = !equals(now?.commitId ?? null, database.commitId ?? null);
      if (!isSyncError(error, "NODE_MISSING") || !hasMoved) throw error;
      database = now;
    }
  }
  return undefined;
}

async function readFrom(database: Database, wanted: number): Promise<Reading> {
  const { transaction, updatedAt, datoms } = database;
  const items = await database.count(ORDER);
  const page = Math.max(0, Math.min(wanted, Math.ceil(items / PAGE_ROWS) - 1));
  const entities = await database.entities(ORDER, page * PAGE_ROWS, PAGE_ROWS);
  const names = new Map<Edn, string>();
  for (const { values } of entities) {
    for (const id of values.get(ENUMERATION) ?? []) {
      const ident = names.has(id) ? undefined : await database.ident(Number(id));
      if (ident !== undefined) names.set(id, ident.name);
    }
  }
  const rows = entities.map((entity) => ({ id: entity.id, cells: cellsOf(entity, names) }));
  return { transaction, updatedAt, datoms, items, page, rows };
}

/** Every item has one, and no two the same. */
const ORDER = keyword("item/serial");
