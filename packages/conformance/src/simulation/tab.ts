/** A process of a site: an opener of its store, a sync context on it, a server, a subscription. */
import type {
  AuthorizeRequest,
  Clock,
  Registration,
  Store,
  Subscription,
  SyncContext,
  SyncError,
  SyncEvent,
} from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { isNodeKey, toContent } from "./content.ts";
import { Dice } from "./dice.ts";
import type { Engine } from "./engine.ts";
import type { Gate } from "./gate.ts";
import { GatedStore } from "./gated-store.ts";
import { Life } from "./life.ts";
import { type Network, SimServer } from "./network.ts";
import type { Scenario } from "./scenario.ts";
import type { Site } from "./site.ts";
import { TEXT_CODEC } from "./text-codec.ts";
import { TreeWalker } from "./tree-walker.ts";

export interface TabWorld {
  readonly engine: Engine;
  readonly scenario: Scenario;
  readonly gate: Gate;
  readonly network: Network;
  clock(life: Life): Clock;
  onEvent(tab: Tab, event: SyncEvent): void;
  onError(tab: Tab, error: SyncError): void;
}

export class Tab {
  readonly site: Site;
  readonly life: Life;
  readonly real: Store;
  readonly store: GatedStore;
  readonly context: SyncContext;
  readonly server: SimServer;
  subscription: Subscription | undefined;
  /** It, and those before it that are still writing. */
  readonly subscriptions: Set<Subscription> = new Set();
  #registration: Registration | undefined;
  readonly #world: TabWorld;

  /** @param seed Of what this process draws itself. */
  constructor(site: Site, name: string, real: Store, world: TabWorld, seed: number) {
    this.site = site;
    this.life = new Life(name);
    this.real = real;
    this.#world = world;
    const dice = new Dice(seed);
    this.store = new GatedStore(real, world.gate, this.life);
    this.server = new SimServer(this.life);
    this.context = world.engine.createSyncContext({
      codec: TEXT_CODEC,
      limits: world.scenario.limits,
      clock: world.clock(this.life),
      random: () => dice.next(),
    });
    this.context.onEvent((event) => {
      if (!this.life.isOver) world.onEvent(this, event);
    });
    real.onCommit((commit) => site.onCommit(commit));
  }

  get registration(): Registration | undefined {
    return this.#registration;
  }

  serve(): void {
    this.register();
    this.context.serve(this.server);
  }

  register(): void {
    const { walker, storeId } = this.site;
    const hasViews = this.#world.scenario.hasViews;
    this.#registration = this.context.registerStore(this.store, storeId, {
      authorize: (request) => authorize(request, hasViews && walker !== undefined),
      ...(walker !== undefined && { walker }),
      ...(walker === undefined &&
        hasViews && {
          filter: (key, value, { selection }) => {
            const needed = value === undefined ? 0 : (toContent(value).level ?? 0);
            return isNodeKey(key) || needed <= highestLevel(selection);
          },
          selection: ({ principal }) => viewOf(principal).id,
        }),
    });
  }

  unregister(): void {
    this.#registration?.unregister();
    this.#registration = undefined;
  }

  /** Follows the store that the site follows. */
  subscribe(): void {
    const { upstream, walker } = this.site;
    if (upstream === undefined) return;
    const { network, scenario } = this.#world;
    const server = () => upstream.tabs.find((tab) => tab.server.isListening)?.server;
    const dialer = network.dialer(this.life, server, { principal: this.site });
    const prune = walker !== undefined && scenario.prunes;
    this.subscription = this.context.subscribe(dialer, upstream.storeId, this.store, {
      onError: (error) => {
        if (!this.life.isOver) this.#world.onError(this, error);
      },
      // What it was sent of the records is to stay.
      ...(prune && { walker: new TreeWalker(undefined, "present"), prune: "unreachable" }),
    });
    this.subscriptions.add(this.subscription);
  }

  /** Ends the subscription. */
  async unsubscribe(): Promise<void> {
    const { subscription } = this;
    if (subscription === undefined) return;
    this.subscription = undefined;
    await subscription.close();
    this.subscriptions.delete(subscription);
  }
}

/** Of those with this view of a plain store; who sees everything has no level. */
function highestLevel(selection: Edn): number {
  if (typeof selection !== "string") throw new TypeError("a view is named by a text");
  const [, level] = /^level (\d)$/.exec(selection) ?? [];
  return Number(level ?? Number.POSITIVE_INFINITY);
}

/** Whoever follows is known by its site, as authentication would find it out. */
function viewOf(principal: unknown): Site["rights"]["views"][number] {
  const { rights } = principal as Site;
  const view = rights.views.at(-1);
  if (view === undefined) throw new TypeError("a site has no view");
  return view;
}

function authorize(
  { principal, select }: AuthorizeRequest,
  narrows: boolean,
): boolean | { readonly select: AuthorizeRequest["select"] } {
  if (!(principal as Site).rights.isAllowed) return false;
  const names = viewOf(principal).names;
  return narrows && names !== undefined ? { select: names } : { select };
}
