/** One live step of a store with a walker: from pins to later ones. */
import { type Edn, identity } from "@datahike-sync/edn";
import { StepChecksum } from "../step-checksum.ts";
import type { EncodedEntry } from "../store.ts";
import { BodyMaker, type BodyOptions, pieces } from "./body-maker.ts";
import type { LiveStep } from "./live-step.ts";
import { added, readNodes } from "./nodes.ts";
import { isSamePins, type Pins } from "./pins.ts";
import type { WalkedSelection } from "./selection.ts";
import { countKey, writeWalkPosition } from "./walk-position.ts";
import { SentNodes, type WalkedStore } from "./walked-store.ts";
import { toDelete, toSet, type WholeOperation } from "./wire-entry.ts";

export interface WalkedStepOptions {
  readonly walked: WalkedStore;
  readonly selection: WalkedSelection;
  readonly bodies: BodyOptions;
  readonly signal: AbortSignal;
}

/**
 * What `to` reaches and `from` does not, and the pointers. `"oversized"` when that is more than may wait
 * for a subscriber, `"overwritten"` when nodes were replaced while they were read.
 *
 * @throws {SyncError} `NODE_MISSING`, with `details.side`.
 */
export async function makeStep(
  from: Pins,
  to: Pins,
  { walked, selection: { id, walker }, bodies: options, signal }: WalkedStepOptions,
): Promise<LiveStep | "oversized" | "overwritten"> {
  const positions: Edn[] = [];
  const positionAfter = (body: number) => positions[body];
  const between = { from: from.cursor.seq, to: to.cursor, pins: to };
  if (isSamePins(from, to)) return { ...between, weight: 0, bodies: () => [], positionAfter };
  const { codec, limits } = options;
  const { store } = walked.source;
  const maker = new BodyMaker(options);
  const bodies: Uint8Array[] = [];
  const sent = new SentNodes();
  const taken = new StepChecksum();
  let weight = 0;
  const add = (operation: WholeOperation) => {
    for (const piece of pieces(operation, limits)) {
      if (maker.isFullFor(piece)) {
        const body = maker.take();
        bodies.push(body);
        if (!to.recycles) positions.push(writeWalkPosition(id, from.tokens, to.tokens, taken));
        weight += body.length;
      }
      maker.add(piece);
    }
  };
  const steps = walker.diff(store, from.states, to.states, { signal });
  const reader = { store, codec, targetBytes: limits.batchBytes, signal };
  for await (const nodes of readNodes(reader, added(steps))) {
    for (const node of nodes) {
      if (to.recycles) sent.add(node.key);
      add(node);
      countKey(taken, node.key);
    }
    if (weight > limits.queueBytes) return "oversized";
  }
  if (await walked.isOverwritten(to, sent, walker, signal)) return "overwritten";
  for (const operation of pointerOperations(from.entries, to, codec)) add(operation);
  bodies.push(maker.take());
  const mode = to.recycles ? "recycled" : undefined;
  return { ...between, weight, mode, bodies: () => bodies, positionAfter };
}

/** The pointers as pinned; those that were shown and are none any more go. */
export function* pointerOperations(
  shown: readonly Pick<EncodedEntry, "key">[],
  { entries }: Pins,
  codec: BodyOptions["codec"],
): Generator<WholeOperation, void> {
  const pinned = new Set(entries.map(({ key }) => identity(key)));
  for (const entry of entries) yield toSet("pointer", entry, codec);
  for (const { key } of shown) if (!pinned.has(identity(key))) yield toDelete(key, GONE);
}

/** Nobody knows when. */
const GONE = { type: "edn", lastWrite: 0, immutable: false } as const;
