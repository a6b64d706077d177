/** A place with a store, and what runs there: one process, or several as tabs do. */
import type { Commit, Standing, Store, Walker } from "@datahike-sync/core";
import { type Uuid, uuid } from "@datahike-sync/edn";
import { type Content, isNodeKey, keyText } from "./content.ts";
import { FollowerCheck } from "./follower-check.ts";
import { History, type View } from "./history.ts";
import { Mirror } from "./mirror.ts";
import type { Place } from "./opening.ts";
import type { Tab } from "./tab.ts";

/** What a site may see of the store that it follows. */
export interface Rights {
  isAllowed: boolean;
  /** All that it was ever allowed to see, the present last. */
  readonly views: View[];
}

export interface SiteOptions {
  readonly index: number;
  readonly place: Place;
  readonly walker: Walker | undefined;
  readonly recycles: boolean;
  readonly view: View;
  readonly violate: (what: string) => void;
}

export class Site {
  readonly name: string;
  readonly place: Place;
  readonly storeId: Uuid;
  readonly walker: Walker | undefined;
  readonly mirror: Mirror = new Mirror();
  readonly history: History = new History();
  readonly rights: Rights;
  readonly tabs: Tab[] = [];
  /** Whom it follows. */
  upstream: Site | undefined;
  /** Who follows it. */
  readonly followers: Site[] = [];
  isServing = false;
  /** Whether an application writes there what others are to follow. */
  isAuthor = false;
  /** Before the keys that its application writes. */
  prefix = "";
  /** Nodes that were deleted, for those who write them again. */
  readonly graves: Map<string, Content> = new Map();
  /** Whether several processes have had its store: one may have ended in the middle of a step. */
  isShared = false;
  /** Brings back what was kept of it once. */
  backup: (() => void) | undefined;
  /** What is to happen when a step is next found to be done in part. */
  ambush: (() => void) | undefined;
  /** Where its subscription stood when that was looked at last. */
  standing: Standing | undefined;
  /** Nodes that the step under way has brought: if it is interrupted they are not sent again. */
  readonly underWay: Set<string> = new Set();
  #check: FollowerCheck | undefined;
  readonly #recycles: boolean;
  readonly #violate: (what: string) => void;

  constructor({ index, place, walker, recycles, view, violate }: SiteOptions) {
    this.name = place.name;
    this.place = place;
    this.walker = walker;
    this.#recycles = recycles;
    this.storeId = uuid(`00000000-0000-4000-8000-00000000000${index}`);
    this.rights = { isAllowed: true, views: [view] };
    this.#violate = violate;
    this.history.add(new Map(), true);
  }

  get check(): FollowerCheck | undefined {
    return this.#check;
  }

  /** The process that works there now, if any. */
  get tab(): Tab | undefined {
    return this.tabs[0];
  }

  follow(upstream: Site): void {
    this.upstream = upstream;
    upstream.followers.push(this);
    this.#check = new FollowerCheck({
      history: upstream.history,
      origin: upstream.storeId.toString(),
      views: () => this.rights.views,
    });
    for (const name of this.mirror.entries.keys()) this.#check.owns(name);
  }

  /** Tells of a commit of any opener. */
  onCommit({ operations, origin, cursor }: Commit): void {
    const wrong = this.mirror.apply(operations, origin);
    if (wrong !== undefined) this.#violate(`${this.name}: ${wrong}`);
    for (const { key, op } of operations) {
      const name = keyText(key);
      if (origin === undefined) this.#check?.owns(name);
      else if (op === "set" && isNodeKey(key)) this.underWay.add(name);
    }
    // Where keys are used again, a node may change what is shown too.
    if (this.#recycles || operations.some(({ key }) => !isNodeKey(key))) {
      this.#remember(origin === undefined);
    }
    this.history.mark(cursor);
  }

  /** Tells that somebody has opened the store. */
  async onOpen(real: Store, isAlone: boolean): Promise<void> {
    if (isAlone) {
      await this.mirror.load(real);
      // The power may have failed before they were on disk.
      for (const key of this.underWay) if (!this.mirror.entries.has(key)) this.underWay.delete(key);
      this.#remember();
    }
    const { eras, last } = await real.feed();
    const era = eras.at(-1);
    if (era !== undefined) this.history.mark({ era: era.id, seq: last });
    if (isAlone) await this.inspect(real);
  }

  /** Checks what must hold after each commit. Time stands still meanwhile. */
  async inspect(real: Store): Promise<void> {
    if (this.upstream === undefined || this.#check === undefined) return;
    this.standing = await real.standing(this.upstream.storeId);
    if (this.standing?.position === undefined) this.underWay.clear();
    const wrong = this.#check.check(this.mirror, this.standing);
    this.history.setWhole(wrong === undefined);
    if (wrong === undefined) return;
    // A store that is just being opened has no subscription yet that could say so.
    const subscriptions = this.tabs.flatMap((tab) => [...tab.subscriptions]);
    const mayBeParts =
      subscriptions.length === 0 ||
      subscriptions.some(({ status }) => !status.consistent) ||
      (this.isShared && this.standing?.doomed !== undefined);
    const worse = mayBeParts ? this.#check.checkParts(this.mirror) : wrong;
    if (worse !== undefined) this.#violate(`${this.name} ${worse}`);
  }

  /** Lets what lies in ambush happen where a step is done in part. */
  spring(): void {
    if (this.standing?.doomed === undefined) return;
    this.ambush?.();
    this.ambush = undefined;
  }

  #remember(isOwn = false): void {
    this.history.add(this.mirror.shown(), this.upstream === undefined, isOwn);
  }
}
