/** What the page has to show of a database, found by looking at every fact of it. */
import { openIndex, toDatom } from "@datahike-sync/btset";
import { type Edn, isKind, keyword, print, readAll } from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";
import { datahikeWalker, isDbRecord } from "@datahike-sync/walker-datahike";
import { BRANCH, databaseCodec } from "../src/agreement.ts";
import type { RecordedCommit } from "../src/server/recorded-commits.ts";

/** The figures, and the first page of the table. */
export interface Shown {
  readonly transaction: number;
  readonly items: number;
  readonly facts: number;
  readonly rows: readonly (readonly string[])[];
}

interface Fact {
  readonly e: number;
  readonly a: unknown;
  readonly v: Edn;
  readonly tx: number;
}

/** After each of the recorded commits. */
export async function expectedStates(recorded: readonly RecordedCommit[]): Promise<Shown[]> {
  const store = await MemoryStore.open({ codec: databaseCodec() });
  const states: Shown[] = [];
  for (const { operations } of recorded) {
    await store.write(operations);
    const record = await store.get(BRANCH);
    if (!isDbRecord(record)) throw new TypeError("no database");
    const facts: Fact[] = [];
    const eavt = openIndex(store, record.get(keyword("eavt-key")) ?? null);
    for await (const chunk of eavt.chunks()) facts.push(...chunk);
    states.push(shownOf(facts));
  }
  return states;
}

/** How many bytes the values have that the database reaches after some commits. */
export async function reachedBytes(recorded: readonly RecordedCommit[]): Promise<number> {
  const store = await MemoryStore.open({ codec: databaseCodec() });
  for (const { operations } of recorded) await store.write(operations);
  let bytes = 0;
  for await (const { key } of datahikeWalker().walk(store)) {
    bytes += (await store.get(key, { encoded: true }))?.value.bytes.length ?? 0;
  }
  return bytes;
}

/** After the last of them, as the JVM has printed it. */
export async function expectedByTheJvm(): Promise<Shown> {
  const text = await readFixtureText("stores/datahike-0.8/medium/datoms-eavt.edn");
  return shownOf(readAll(text).map(toDatom));
}

function shownOf(facts: readonly Fact[]): Shown {
  const entities = new Map<number, Map<string, Edn[]>>();
  let last = 0;
  for (const { e, a, v, tx } of facts) {
    const entity = entities.get(e) ?? new Map<string, Edn[]>();
    entities.set(e, entity.set(String(a), [...(entity.get(String(a)) ?? []), v]));
    last = Math.max(last, tx);
  }
  const items = [...entities.values()]
    .filter((entity) => entity.has(":item/serial"))
    .sort((a, b) => Number(a.get(":item/serial")?.[0]) - Number(b.get(":item/serial")?.[0]));
  const rows = items.slice(0, 12).map((item) => {
    const cell = (name: string, write: (value: Edn) => string) =>
      (item.get(name) ?? []).map(write).join(", ");
    return [
      cell(":item/id", String),
      cell(":item/note", String),
      cell(":v/string", String),
      cell(":v/long", grouped),
      cell(":item/status", (id) => nameOf(entities.get(Number(id))?.get(":db/ident")?.[0])),
      cell(":v/boolean", (flag) => (flag === true ? "yes" : "no")),
      cell(":item/tags", unkeyed),
      cell(":item/link", grouped),
      cell(":v/instant", (at) => (at instanceof Date ? at.toISOString().slice(0, 10) : "")),
    ];
  });
  return { transaction: last - 2 ** 29, items: items.length, facts: facts.length, rows };
}

function grouped(value: Edn): string {
  const digits = print(value).replace("-", "−");
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

function nameOf(value: Edn | undefined): string {
  return unkeyed(value).replace(/^.*\//, "");
}

function unkeyed(value: Edn | undefined): string {
  return isKind(value, "keyword") ? String(value).replace(/^:/, "") : "";
}
