/** A step for a replica that has entries, and nobody knows which: both sides' sets are compared. */
import { Comparison } from "../reconcile/comparison.ts";
import { type Item, ItemSet } from "../reconcile/item-set.ts";
import { ChunkSize } from "./chunk-size.ts";
import type { PlainSession } from "./plain-session.ts";
import { type CaughtUp, Scan } from "./scan.ts";
import type { StepWriter } from "./step-writer.ts";
import { toDelete, toSet } from "./wire-entry.ts";

/**
 * Compares, sends what differs as it is now, then what changed since the comparison began.
 *
 * @throws {SyncError} `FEED_TRUNCATED` when tombstones since then are forgotten.
 */
export async function reconcile(session: PlainSession, era: string): Promise<CaughtUp> {
  // Before the sets are taken: what changes while they are, comes afterwards.
  const { last } = await session.store.feed();
  const comparison = new Comparison(new ItemSet(await collect(session)));
  const scan = new Scan(session, { plan: "reconcile", after: last }, era);
  await compare(session, comparison, scan.writer);
  return scan.run();
}

/** All that is selected. */
async function collect({ store, selection, outlet }: PlainSession): Promise<readonly Item[]> {
  const items: Item[] = [];
  const { filter } = selection;
  if (filter === undefined) {
    for await (const { key, lastWrite, immutable } of store.keys({ signal: outlet.signal })) {
      items.push({ key, lastWrite, immutable });
    }
    return items;
  }
  let after = { seq: 0, place: Number.POSITIVE_INFINITY };
  for (;;) {
    const { rows, done } = await store.changes(after, { since: Number.POSITIVE_INFINITY });
    outlet.signal.throwIfAborted();
    for (const { operation } of rows) {
      if (operation.op === "set" && filter.passes(operation)) {
        const { key, lastWrite, immutable } = operation;
        items.push({ key, lastWrite, immutable });
      }
    }
    const row = rows.at(-1);
    if (done || row === undefined) return items;
    after = { seq: row.seq, place: row.place };
  }
}

async function compare(
  session: PlainSession,
  comparison: Comparison,
  writer: StepWriter,
): Promise<void> {
  const { outlet, replies, environment } = session;
  const chunk = new ChunkSize(environment.limits.batchBytes);
  const differences: Item[] = [];
  replies.reconcile = (ranges) => {
    for (const item of comparison.take(ranges)) differences.push(item);
    if (comparison.isAnswered) outlet.answered();
    else outlet.bell.ring();
  };
  try {
    for (let ranges = comparison.next(); ranges !== undefined; ranges = comparison.next()) {
      await outlet.reconcile(ranges);
      while (!comparison.isAnswered || differences.length > 0) {
        if (differences.length === 0) await outlet.rung();
        else await judge(session, differences.splice(0, chunk.keys), writer, chunk);
      }
    }
  } finally {
    replies.reconcile = undefined;
  }
}

/** Sends what is under these keys now; the replica has something else. */
async function judge(
  { store, selection, outlet, bodies }: PlainSession,
  items: readonly Item[],
  writer: StepWriter,
  chunk: ChunkSize,
): Promise<void> {
  await outlet.room();
  const { entries } = await store.readMany(items.map(({ key }) => key));
  outlet.signal.throwIfAborted();
  chunk.note(entries);
  for (const [at, { key, lastWrite, immutable }] of items.entries()) {
    const entry = entries[at];
    const isThere = entry !== undefined && (selection.filter?.passes(entry) ?? true);
    const wait = writer.add(
      isThere
        ? toSet(entry.immutable ? "node" : "cell", entry, bodies.codec)
        : toDelete(key, { type: "edn", lastWrite, immutable }),
    );
    if (wait !== undefined) await wait;
  }
}
