/** Random commits, lines that break, slow peers, other openers: what a peer shows the primary was. */
import type { Filter, Operation, Store } from "@datahike-sync/core";
import { type Edn, print } from "@datahike-sync/edn";
import { cases, Random, seed } from "@datahike-sync/testing";
import { expect, test } from "vitest";
import {
  gone,
  type Memory,
  open,
  type Peer,
  set,
  settled,
  shownOf,
  type World,
} from "./primary-peer.ts";
import { shownTrees, Trees, treeWalker } from "./primary-tree.ts";

/** What a store was after each commit, as those who see some of it show it. */
class Past {
  readonly #texts = new Map<number, string>();
  readonly #entries = new Map<string, { readonly key: Edn; readonly text: string }>();
  readonly #passes: (key: Edn, value: Edn) => boolean;
  last = 0;

  constructor(passes: (key: Edn, value: Edn) => boolean) {
    this.#passes = passes;
    this.#texts.set(0, "");
  }

  /** Commits come in order, also those of two openers, as each waits for the one before. */
  follow(store: Store): void {
    store.onCommit(({ cursor, operations }) => {
      for (const operation of operations) {
        const { key } = operation;
        const value =
          operation.op === "set" ? (operation.value as { decode(): Edn }).decode() : null;
        if (value === null || !this.#passes(key, value)) this.#entries.delete(print(key));
        else this.#entries.set(print(key), { key, text: print(value) });
      }
      this.note(cursor.seq, shownOf(this.#entries.values()));
    });
  }

  note(seq: number, text: string): void {
    this.#texts.set(seq, text);
    this.last = seq;
  }

  at(seq: number): string {
    for (let before = seq; before >= 0; before--) {
      const text = this.#texts.get(before);
      if (text !== undefined) return text;
    }
    return "";
  }
}

function randomLimits(random: Random) {
  return {
    batchOperations: random.pick([1, 3, 512]),
    batchBytes: random.pick([20, 200, 10_000]),
    windowBytes: random.pick([1, 300, 10 ** 6]),
    queueEntries: random.pick([1, 4, 1_000]),
    queueBytes: random.pick([300, 10 ** 6]),
    pollMs: 50,
    idleCursorMs: 30,
    pingMs: 10 ** 9,
    batchTimeoutMs: 10 ** 9,
  };
}

/** Peers that come and go, and remember. */
class Peers {
  readonly #world: World;
  readonly #random: Random;
  readonly #check: (peer: Peer) => void;
  readonly #peers: Peer[] = [];

  constructor(world: World, random: Random, check: (peer: Peer) => void) {
    this.#world = world;
    this.#random = random;
    this.#check = check;
  }

  /** Something happens to one of them. */
  stir(): void {
    const random = this.#random;
    const at = random.below(3);
    const peer = this.#peers[at];
    if (peer === undefined || peer.isClosed) this.#connect(at, peer?.memory);
    else if (random.below(6) === 0) peer.drop();
    else peer.ackAll();
  }

  /** All are there and take everything. */
  async settle(): Promise<readonly Peer[]> {
    for (let turn = 0; turn < 400; turn++) {
      for (const at of [0, 1, 2]) {
        const peer = this.#peers[at];
        if (peer === undefined || peer.isClosed) this.#connect(at, peer?.memory);
        else peer.ackAll();
      }
      await settled();
      if (turn % 20 === 0) await this.#world.environment.clock.pass(60);
    }
    return this.#peers;
  }

  #connect(at: number, memory?: Memory): void {
    const isLazy = this.#random.below(2) === 0;
    const peer = this.#world.peer({ isLazy, window: this.#random.pick([0, 500, 10 ** 6]) }, memory);
    this.#peers[at] = peer;
    let before = memory?.cursor?.seq ?? 0;
    peer.onCut = () => {
      const seq = peer.memory.cursor?.seq ?? 0;
      // Never an earlier state after a later one.
      if (seq < before) throw new Error(`${seq} after ${before}`);
      before = seq;
      this.#check(peer);
    };
    void peer.subscribe();
  }
}

async function microtasks(random: Random): Promise<void> {
  for (let turns = random.below(30); turns > 0; turns--) await Promise.resolve();
}

const isVisible = (key: Edn, value: Edn) => print(key) !== "3" && value !== 0;
const filter: Filter = (key, value) => print(key) !== "3" && value !== 0;

test.each(["everything", "a filter"])("without a walker, with %s", async (kind) => {
  const isFiltered = kind === "a filter";
  for (let at = 0; at < cases(400); at++) {
    const random = new Random(at);
    const options = isFiltered ? { filter, selection: () => null } : {};
    const world = await open(randomLimits(random), options, { seed: at });
    const past = new Past(isFiltered ? isVisible : () => true);
    const openers = [world.store, await world.reopen()];
    for (const opener of openers) past.follow(opener);
    const peers = new Peers(world, random, (peer) => {
      const { cursor } = peer.memory;
      expect(peer.shown, `seed ${seed}, case ${at}`).toBe(past.at(cursor?.seq ?? 0));
    });
    for (let step = random.below(60); step > 0; step--) {
      await act(random, openers, peers);
      await microtasks(random);
      if (random.below(10) === 0) await world.environment.clock.pass(random.below(70));
    }
    for (const peer of await peers.settle()) {
      expect(peer.errors, `seed ${seed}, case ${at}`).toEqual([]);
      expect(peer.memory.cursor?.seq, `seed ${seed}, case ${at}`).toBe(past.last);
      expect(peer.closedWith).toBeUndefined();
    }
    expect(world.environment.faults).toEqual([]);
    await world.stores.close();
  }
});

async function act(random: Random, openers: readonly Store[], peers: Peers): Promise<void> {
  const store = random.below(8) === 0 ? openers[1] : openers[0];
  if (store === undefined) return;
  switch (random.below(12)) {
    case 0:
      return store.compact(random.below(2) === 0 ? undefined : random.below(30));
    case 1:
    case 2:
    case 3:
    case 4:
      return peers.stir();
    default: {
      const writes = Array.from({ length: random.pick([1, 1, 3]) }, () => {
        return store.write(randomOperations(random));
      });
      await Promise.all(writes);
    }
  }
}

function randomOperations(random: Random): readonly Operation[] {
  return Array.from({ length: 1 + random.below(4) }, (): Operation => {
    const key = random.below(12);
    if (random.below(4) === 0) return gone(key);
    // A key of a node has one value only, until it is deleted.
    if (key >= 8) return set(key, "node", true);
    return set(key, random.pick([0, random.below(5), "long".repeat(random.below(60))]));
  });
}

test("with a walker", async () => {
  for (let at = 0; at < cases(400); at++) {
    const random = new Random(at);
    const world = await open(randomLimits(random), { walker: treeWalker() }, { seed: at });
    const trees = new Trees(world.store);
    const past = new Past(() => true);
    world.store.onCommit(({ cursor }) => past.note(cursor.seq, trees.shown()));
    const peers = new Peers(world, random, (peer) => {
      const { cursor, entries } = peer.memory;
      const text = `seed ${seed}, case ${at}`;
      expect(shownTrees(entries.values()), text).toBe(past.at(cursor?.seq ?? 0));
    });
    for (let step = random.below(60); step > 0; step--) {
      const name = random.pick(["p", "q", "r"]);
      const action = random.below(12);
      if (action < 4) peers.stir();
      else if (action < 8) await trees.grow(name, 1 + random.below(5), random);
      else if (action === 8) await trees.drop(name);
      else if (action === 9) await trees.collect();
      else if (action === 10) await world.store.set("other", random.next());
      else if (trees.nodes.length > 0) await trees.reset(name, random.pick(trees.nodes));
      await microtasks(random);
      if (random.below(10) === 0) await world.environment.clock.pass(random.below(70));
    }
    for (const peer of await peers.settle()) {
      expect(peer.errors, `seed ${seed}, case ${at}`).toEqual([]);
      expect(peer.memory.cursor?.seq, `seed ${seed}, case ${at}`).toBe(past.last);
    }
    expect(world.environment.faults).toEqual([]);
    await world.stores.close();
  }
});
