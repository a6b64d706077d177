/** A tiered store under readers, writers and failures whose steps interleave as a seed says. */
import { type ObjectRow, type Operation, openObjectStore, type Store } from "@datahike-sync/core";
import { type Edn, keyword } from "@datahike-sync/edn";
import { MemoryMap, memoryDriver } from "@datahike-sync/store-memory";
import { TieredStore } from "@datahike-sync/store-tiered";
import type { Random } from "@datahike-sync/testing";
import { type Fault, Gate, gated } from "./gate.ts";
import { nameOf } from "./history.ts";
import type { BACKED_PAIRS } from "./pairs.ts";
import { Referee } from "./referee.ts";
import { codec } from "./subjects.ts";

/** What a race is about. */
export interface RaceOptions {
  readonly pair: (typeof BACKED_PAIRS)[number];
  /** Whether another opener of the backend writes too. */
  readonly isShared: boolean;
  /** Whether frontend and backend fail now and then. */
  readonly fails: boolean;
}

/** What a race has come to. */
export interface RaceResult {
  /** What was answered that cannot be, if anything. */
  readonly wrong: string | undefined;
  /** How many reads of the frontend gave something. */
  readonly hits: number;
}

const CELLS = ["a", "b", "c"];
const NODES = ["n1", "n2", "n3", "n4"];
const KEYS: readonly string[] = [...CELLS, ...NODES];

/** Opens and closes a store some times, each time on what is left of it. */
export async function race(options: RaceOptions, random: Random): Promise<RaceResult> {
  const course = new Course(options, random);
  for (let opened = 0; opened < 3 && course.referee.wrong === undefined; opened++) {
    await course.run();
  }
  return { wrong: course.referee.wrong, hits: course.hits };
}

class Course {
  readonly referee: Referee;
  hits = 0;
  readonly #options: RaceOptions;
  readonly #random: Random;
  readonly #frontendMap = new MemoryMap<ObjectRow>();
  readonly #backendMap = new MemoryMap<ObjectRow>();
  readonly #working = new Set<Promise<void>>();
  #isCalm = false;
  #count = 0;

  constructor(options: RaceOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    const { isShared, pair } = options;
    const mayBeOld = isShared && pair.readPolicy === "frontend-first";
    this.referee = new Referee((key) => mayBeOld && NODES.includes(key));
  }

  async run(): Promise<void> {
    const { isShared } = this.#options;
    const gate = new Gate(this.#random);
    const backend = await this.#openBackend(!isShared);
    const other = isShared ? await this.#openBackend(false) : undefined;
    const frontend = await openObjectStore(memoryDriver(this.#frontendMap));
    const world: World = { backend, other, frontend };
    if (this.#random.below(3) === 0) await backend.compact();
    this.#isCalm = false;
    let isOpening = true;
    const opening = this.#open(world, gate).finally(() => {
      isOpening = false;
    });
    while (isOpening) await this.#step(world, undefined, gate);
    const store = await opening;
    if (store === undefined) {
      await this.#finish(gate);
      await Promise.all([backend.close(), other?.close(), frontend.close()]);
      return;
    }
    for (let steps = 80; steps > 0; steps--) await this.#step(world, store, gate);
    await this.#finish(gate);
    await store.flush().catch(() => undefined);
    await this.referee.values(KEYS, () => store.getMany(KEYS));
    for (const key of KEYS) await this.referee.values([key], async () => [await store.get(key)]);
    await store.close();
    await other?.close();
  }

  async #openBackend(exclusive: boolean): Promise<Store> {
    const driver = { ...memoryDriver(this.#backendMap), exclusive };
    const store = await openObjectStore(driver, { codec });
    store.onCommit((commit) => this.referee.onCommit(commit));
    return store;
  }

  #open({ backend, frontend }: World, gate: Gate): Promise<TieredStore | undefined> {
    const { pair } = this.#options;
    const fault: Fault = (name) => this.#fault(name);
    return TieredStore.open({
      ...pair,
      frontend: gated(frontend, gate, { fault, onValue: () => this.hits++ }),
      // What a backend refuses it has not done.
      backend: gated(backend, gate, {
        fault: (name) => (fault(name) === undefined ? undefined : "before"),
      }),
      maxBehind: 4,
      onError: (_, { tier }) => {
        if (tier === "backend") this.referee.refuse();
      },
    }).catch(() => undefined);
  }

  /** Perhaps begins something, and lets some of what was begun go on. */
  async #step(world: World, store: TieredStore | undefined, gate: Gate): Promise<void> {
    if (this.#random.below(2) === 0) {
      const done: Promise<void> = this.#act(world, store).finally(() => this.#working.delete(done));
      this.#working.add(done);
    }
    for (let steps = this.#random.below(6); steps > 0; steps--) gate.step();
    for (let turns = this.#random.below(8); turns > 0; turns--) await Promise.resolve();
  }

  async #finish(gate: Gate): Promise<void> {
    this.#isCalm = true;
    gate.open();
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  async #act(world: World, store: TieredStore | undefined): Promise<void> {
    const { referee } = this;
    const key = this.#random.pick(KEYS);
    switch (store === undefined ? 9 + this.#random.below(3) : this.#random.below(13)) {
      case 0:
      case 1:
      case 2:
        return referee.values([key], async () => [await store?.get(key)]);
      case 3:
      case 4: {
        const keys = KEYS.filter(() => this.#random.below(2) === 0);
        return referee.values(keys, async () => (await store?.getMany(keys)) ?? []);
      }
      case 5: {
        const read = async () => (await store?.readMany(KEYS))?.entries ?? [];
        return referee.values(KEYS, async () =>
          (await read()).map((entry) => entry?.value.decode()),
        );
      }
      case 6:
        return referee.presence(key, async () => (await store?.has(key)) === true);
      case 7:
        await store?.delete(key).catch(() => undefined);
        return;
      case 8:
        if (store !== undefined) await this.#write(store);
        return;
      case 9:
        await (world.other ?? world.backend).write(this.#operations()).catch(() => undefined);
        return;
      case 10:
        await world.backend.write(this.#operations()).catch(() => undefined);
        return;
      case 11:
        if (this.#options.fails && this.#random.below(4) === 0) await evict(world.frontend);
        return;
      default:
        await store?.update(this.#random.pick(CELLS), () => ++this.#count).catch(() => undefined);
    }
  }

  async #write(store: TieredStore): Promise<void> {
    const { pair } = this.#options;
    const barrier = this.#random.below(4) === 0;
    const all = this.#operations();
    if (pair.writePolicy !== "write-behind" || barrier) {
      await store.write(all, { barrier }).catch(() => undefined);
      return;
    }
    // One nothing is like another: nobody could say whose delete it is that the backend has made.
    const sets = all.filter((operation) => operation.op === "set");
    const asked = sets.map(({ key, value }) => this.referee.ask(nameOf(key), value as Edn));
    const isAccepted = await store.write(sets).then(
      () => true,
      () => false,
    );
    for (const each of asked) {
      if (isAccepted) this.referee.accept(each);
      else this.referee.settle(each);
    }
  }

  /** Nodes that are there are not replaced, unless their keys are used again. */
  #operations(): Operation[] {
    return KEYS.filter(() => this.#random.below(4) === 0).map((key): Operation => {
      const isNode = NODES.includes(key);
      if (isNode && this.#random.below(2) === 0) return { op: "delete", key };
      return { op: "set", key, value: ++this.#count, immutable: isNode, rewrite: isNode };
    });
  }

  #fault(name: string): ReturnType<Fault> {
    if (this.#isCalm || !this.#options.fails || this.#random.below(12) > 0) return undefined;
    return name === "write" && this.#random.below(2) === 0 ? "after" : "before";
  }
}

interface World {
  readonly backend: Store;
  readonly other: Store | undefined;
  readonly frontend: Store;
}

/** As a browser does, at once: nobody is told. */
async function evict(frontend: Store): Promise<void> {
  const marks = ["mark", "complete"].map((name) => keyword(`datahike-sync.store-tiered/${name}`));
  const keys: Edn[] = [...KEYS, ...marks];
  await frontend.write(keys.map((key) => ({ op: "delete", key })));
}
