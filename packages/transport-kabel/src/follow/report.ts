/** What a server is told that this store has, and what it has beside. */
import type { Store, Walker } from "@datahike-sync/core";
import { type Edn, EdnMap, identity, type Uuid } from "@datahike-sync/edn";

/** What the store has of a subscription when its handshake begins. */
export interface Holdings {
  /** By identity: nodes that the server was told of. */
  readonly held: Set<string>;
  /** The state of the subscription, as servers take it: when each key was written. */
  readonly state: EdnMap;
  /** By identity: every other entry that the subscription brought. */
  readonly cells: Map<string, Edn>;
}

export interface HoldingsOptions {
  readonly storeId: Uuid;
  readonly walker: Walker | undefined;
  readonly maxReported: number;
  readonly signal: AbortSignal;
}

/**
 * Reads what the subscription brought. Nodes are reported as written at the end of time: the server
 * compares that with its own clock, and so never sends them again. All else is left out, and so always
 * sent: which of two versions is newer, no clock of ours can say.
 */
export async function readHoldings(store: Store, options: HoldingsOptions): Promise<Holdings> {
  const { storeId, walker, maxReported, signal } = options;
  const held = new Set<string>();
  const cells = new Map<string, Edn>();
  const reported: [Edn, Date][] = [];
  for await (const { key, immutable, origin } of store.keys({ signal })) {
    if (origin?.identity !== storeId.identity) continue;
    if (!immutable && walker?.classify(key, { immutable }) !== "node") {
      cells.set(identity(key), key);
    } else if (reported.length < maxReported) {
      held.add(identity(key));
      reported.push([key, END_OF_TIME]);
    }
  }
  return { held, cells, state: new EdnMap(reported) };
}

/** The last day that CBOR's instants, and every other format's, have a form for. */
const END_OF_TIME = new Date(Date.UTC(9999, 11, 31));
