/** What must hold of the messages on the lines, seen from both ends. */
import type { Batch, Cursor, Message, Subscribe, WireOperation } from "@datahike-sync/core";
import { isNodeKey, keyText } from "./content.ts";
import type { WorldEnd } from "./line.ts";
import type { Site } from "./site.ts";

/** What one subscription on one line has sent, and what became of it. */
interface Flow {
  readonly site: Site;
  /** Reads for a comparison: nothing of it is stored. */
  readonly isProbe: boolean;
  /** Body bytes that are not acknowledged. */
  bytes: number;
  readonly batches: Map<number, SentBatch>;
  /** Nodes that were durable when the subscription said so; none when a step began anew. */
  durable: ReadonlySet<string>;
}

interface SentBatch {
  readonly bytes: number;
  readonly nodes: readonly string[];
  readonly to: Cursor | undefined;
}

export interface WireCheckOptions {
  readonly windowBytes: number;
  /** The site whose process this is. */
  siteOf(end: WorldEnd): Site | undefined;
  readonly violate: (what: string) => void;
}

export class WireCheck {
  readonly #options: WireCheckOptions;
  readonly #flows = new Map<string, Flow>();
  /** How often what is under way at a site was taken up again. */
  readonly #resumed = new Map<Site, number>();
  /** Sites that more than one tab has written to. */
  readonly #shared = new Set<Site>();
  /** Nodes that came with the last batch of a step, which has no position: since a site has subscribed. */
  readonly #lastNodes = new Map<Site, Set<string>>();

  constructor(options: WireCheckOptions) {
    this.#options = options;
  }

  /** Looks at a message that is sent from this end. */
  onSent(
    end: WorldEnd,
    message: Message,
    bytes: number,
    operations: readonly WireOperation[],
  ): void {
    switch (message.type) {
      case "subscribe":
        this.#begin(end, message);
        break;
      case "batch":
        this.#batch(end, message, bytes, operations);
        break;
      case "ack":
        this.#ack(end, message.id, message.batch);
        break;
      case "resync": {
        const flow = this.#flow(end, message.id);
        if (flow === undefined) break;
        flow.durable = NOTHING;
        // The step that begins anew does not say what the one before it has brought.
        flow.site.underWay.clear();
        // What came before it is void: it has arrived, and may have been dropped.
        for (const [batch, { bytes: size }] of flow.batches) {
          flow.batches.set(batch, { bytes: size, nodes: [], to: undefined });
        }
        break;
      }
      default:
    }
  }

  #begin(end: WorldEnd, { id, have }: Subscribe): void {
    const site = this.#options.siteOf(end);
    if (site === undefined) return;
    if (site.tabs.length > 1) this.#shared.add(site);
    const resumed = have.position === undefined ? 0 : (this.#resumed.get(site) ?? 0) + 1;
    this.#resumed.set(site, resumed);
    // A position says what one walk has brought. What those before it had brought beside it, or another
    // tab, or a relay that was interrupted itself, it may not say.
    const isRelayed = site.upstream?.upstream !== undefined;
    const isResumed = resumed === 1 && !this.#shared.has(site) && !isRelayed;
    const isProbe = have.cursor?.era === "";
    this.#flows.set(nameOf(end, id), {
      site,
      isProbe,
      bytes: 0,
      batches: new Map(),
      durable: isResumed ? this.#placed(site) : NOTHING,
    });
    if (!isProbe) this.#lastNodes.delete(site);
  }

  #batch(
    end: WorldEnd,
    { id, batch, to, mode }: Batch,
    bytes: number,
    operations: readonly WireOperation[],
  ): void {
    const flow = this.#flow(end, id);
    if (flow === undefined) return;
    const { windowBytes, violate } = this.#options;
    if (flow.bytes > 0 && flow.bytes + bytes > windowBytes) {
      violate(`${flow.bytes} and ${bytes} bytes are under way in a window of ${windowBytes}`);
    }
    const sent = operations.filter(({ op, key }) => op === "node" && isNodeKey(key));
    const nodes = sent.map(({ key }) => keyText(key));
    // A node that was deleted meanwhile, and written again, is news.
    const { underWay, upstream } = flow.site;
    const again = nodes.find(
      (key) => flow.durable.has(key) && underWay.has(key) && upstream?.graves.has(key) !== true,
    );
    if (again !== undefined && mode !== "recycled") {
      violate(`${again}, which is durable at ${flow.site.name}, is sent again`);
    }
    if (to !== undefined) {
      flow.durable = NOTHING;
      const lastNodes = this.#lastNodes.get(flow.site) ?? new Set();
      for (const name of nodes) lastNodes.add(name);
      this.#lastNodes.set(flow.site, lastNodes);
    }
    flow.bytes += bytes;
    flow.batches.set(batch, { bytes, to, nodes: mode === "recycled" ? [] : nodes });
  }

  /** What is acknowledged is durable, or kept back for a cut that is still to come. */
  #ack(end: WorldEnd, id: number, acknowledged: number): void {
    const flow = this.#flow(end, id);
    if (flow === undefined) return;
    const landed = [...flow.batches].filter(([batch]) => batch <= acknowledged);
    for (const [batch, { bytes }] of landed) {
      flow.batches.delete(batch);
      flow.bytes -= bytes;
    }
    if (flow.isProbe) return;
    const { site } = flow;
    const last = landed.findLast(([, { to }]) => to !== undefined)?.[1].to;
    if (last !== undefined && !hasReached(site, last)) {
      this.#options.violate(
        `${site.name} acknowledges cursor ${last.seq} and does not stand there`,
      );
    }
    if (last !== undefined || site.tabs.length !== 1) return;
    const missing = landed
      .flatMap(([, { nodes }]) => nodes)
      .find((key) => !site.mirror.entries.has(key));
    if (missing !== undefined) {
      this.#options.violate(`${site.name} acknowledges ${missing}, which is not there`);
    }
  }

  /** Nodes of the step under way that a position tells of. */
  #placed(site: Site): ReadonlySet<string> {
    const lastNodes = this.#lastNodes.get(site);
    return new Set([...site.underWay].filter((name) => lastNodes?.has(name) !== true));
  }

  /** The subscription that a message of either end is about. */
  #flow(end: WorldEnd, id: number): Flow | undefined {
    return this.#flows.get(nameOf(end, id));
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function hasReached({ upstream, standing }: Site, cursor: Cursor): boolean {
  const here = standing?.cursor;
  if (here === undefined || upstream === undefined) return false;
  if (here.era === cursor.era) return here.seq >= cursor.seq;
  const [at, due] = [upstream.history.at(here), upstream.history.at(cursor)];
  return at === undefined || due === undefined || at >= due;
}

function nameOf({ line }: WorldEnd, id: number): string {
  return `${line.name} ${id}`;
}
