import type { Cursor, StepCursor } from "@datahike-sync/core";
import { uuid } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { isGood, isInHistory } from "../src/primary/era.ts";
import { contentOf, gone, open, set, settled } from "./primary-peer.ts";
import { Trees, treeWalker } from "./primary-tree.ts";

const ORIGIN = uuid("00000000-0000-4000-8000-000000000001");

/** The subscription that fills a relay's store, as far as its primary side sees it. */
class Upstream {
  isWhole = true;
  cursor: StepCursor | undefined = { era: "up", seq: 1 };
  /** Whether the subscription is over, and what another opener has made of the store since. */
  isOver = false;
  isStoredWhole = true;
  readonly #listeners = new Set<() => void>();

  async stored(): Promise<Pick<Upstream, "isWhole" | "cursor">> {
    return { isWhole: this.isWhole && this.isStoredWhole, cursor: this.cursor };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

async function openRelay(limits = {}, options = {}) {
  const upstream = new Upstream();
  const world = await open(limits, options, {
    upstream: () => (upstream.isOver ? undefined : upstream),
  });
  let was = 0;
  /** A commit of the subscription; `seq` and whether it is whole are what they are with it. */
  const fill = async (
    operations: Parameters<typeof world.store.write>[0],
    seq: number,
    isWhole: boolean,
  ) => {
    upstream.isWhole = isWhole;
    upstream.cursor = { era: "up", seq };
    const standing = { storeId: ORIGIN, was, now: {} };
    was++;
    await world.store.write(operations, { standing });
    upstream.tell();
    await world.environment.clock.pass(1);
  };
  return { ...world, upstream, fill };
}

describe("a relay", () => {
  test("tells with each step where it stands itself", async () => {
    const { environment, upstream, fill, peer } = await openRelay();
    await fill([set("a", 1)], 5, true);
    const one = peer();
    await one.subscribe();
    expect(one.batches[0]?.to).toMatchObject({ seq: 1, origin: { era: "up", seq: 5 } });
    await fill([set("a", 2)], 6, true);
    expect(one.batches[1]?.to).toMatchObject({ seq: 2, origin: { era: "up", seq: 6 } });
    upstream.cursor = { era: "up", seq: 7, origin: { era: "first", seq: 99 } };
    upstream.tell();
    await environment.clock.pass(1);
    expect(one.batches[2]).toMatchObject({
      from: { seq: 2 },
      to: { seq: 2, origin: { era: "first", seq: 99 } },
      operations: [],
    });
  });

  test("completes nothing before it is whole, and sends no step that is not", async () => {
    const { store, upstream, fill, peer } = await openRelay();
    await fill([set("a", 1)], 5, false);
    const one = peer();
    await one.subscribe();
    expect(one.of("complete")).toEqual([]);
    await fill([set("b", 1), gone("a")], 6, false);
    expect(one.of("complete")).toEqual([]);
    await fill([set("c", 1)], 7, true);
    expect(one.of("complete")).toHaveLength(1);
    expect(one.shown).toBe(await contentOf(store));
    expect(one.memory.cursor?.origin?.seq).toBe(7);
    const cuts: (Cursor | undefined)[] = [];
    one.onCut = () => cuts.push(one.memory.cursor);
    await fill([set("a", 1), set("b", 2)], 8, false);
    await fill([set("a", 2), gone("b")], 8, false);
    expect(cuts).toEqual([]);
    await fill([set("d", 1)], 9, true);
    expect(cuts).toMatchObject([{ seq: 6 }]);
    expect(one.operations.filter(({ key }) => key === "a" || key === "b").length).toBeGreaterThan(
      2,
    );
    expect(one.shown).toBe(await contentOf(store));
    upstream.isWhole = false;
    upstream.tell();
    await store.set("local", 1);
    await settled();
    expect(cuts).toHaveLength(1);
    upstream.isWhole = true;
    upstream.tell();
    await settled();
    expect(cuts).toHaveLength(2);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("does not take what the upstream will be for what a local commit left", async () => {
    const { store, upstream, fill, peer } = await openRelay();
    await fill([set("a", 1)], 5, true);
    const one = peer();
    await one.subscribe();
    await fill([set("half", 1)], 6, false);
    // The commit that makes it whole is under way, and a local one comes first.
    upstream.isWhole = true;
    upstream.cursor = { era: "up", seq: 7 };
    await store.set("local", 1);
    await settled();
    expect(one.batches).toHaveLength(1);
    await fill([set("half", 2)], 7, true);
    expect(one.batches).toHaveLength(2);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("whose subscription is over sends nothing that another opener has half brought", async () => {
    const { store, reopen, environment, upstream, fill, peer } = await openRelay();
    await fill([set("a", 1)], 5, true);
    upstream.isOver = true;
    upstream.isStoredWhole = false;
    const other = await reopen();
    const standing = { storeId: ORIGIN, was: 1, now: {} };
    await other.write([set("b", 1)], { standing });
    const one = peer();
    await one.subscribe();
    expect(one.of("complete")).toEqual([]);
    upstream.isStoredWhole = true;
    await environment.clock.pass(environment.limits.pollMs);
    await settled();
    expect(one.of("complete")).toHaveLength(1);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("that was not whole for too long has its replicas catch up", async () => {
    const { store, fill, peer } = await openRelay({ queueBytes: 1_000 });
    await fill([set("a", 1)], 5, true);
    const one = peer();
    await one.subscribe();
    for (let at = 0; at < 30; at++) await fill([set(at, at)], 6, false);
    await fill([set("a", 2)], 7, true);
    expect(one.of("resync")).toMatchObject([{ reason: "FEED_TRUNCATED" }]);
    expect(one.shown).toBe(await contentOf(store));
  });

  test("is asked for as one", async () => {
    const operations: string[] = [];
    const authorize = ({ operation }: { operation: string }) => operations.push(operation) > 0;
    const relay = await openRelay({}, { authorize });
    await relay.peer().subscribe();
    const plain = await open({}, { authorize });
    await plain.peer().subscribe();
    expect(operations).toEqual(["relay", "subscribe"]);
  });

  test("with a walker pins only what is whole", async () => {
    const { store, upstream, peer } = await openRelay({}, { walker: treeWalker() });
    const trees = new Trees(store);
    upstream.isWhole = false;
    await trees.grow("p");
    const one = peer();
    await one.subscribe();
    expect(one.of("complete")).toEqual([]);
    upstream.isWhole = true;
    upstream.tell();
    await settled();
    expect(one.of("complete")).toHaveLength(1);
    upstream.isWhole = false;
    upstream.tell();
    await trees.grow("p");
    await settled();
    expect(one.batches).toHaveLength(1);
    upstream.isWhole = true;
    upstream.cursor = { era: "up", seq: 9 };
    upstream.tell();
    await settled();
    expect(one.batches.at(-1)?.to).toMatchObject({ seq: 2, origin: { seq: 9 } });
  });
});

describe("a cursor", () => {
  const feed = {
    eras: [
      { id: "a", after: 0 },
      { id: "b", after: 10 },
    ],
    last: 20,
    floor: 5,
  };

  test.each<[string, string, number, boolean, boolean]>([
    ["of the present era", "b", 20, true, true],
    ["beyond the end", "b", 21, true, false],
    ["of an era that ended there", "a", 10, true, true],
    ["of what a crash took off an era's end", "a", 11, false, false],
    ["of an era that is not listed", "c", 10, false, false],
    ["at the floor", "a", 5, true, true],
    ["before the floor", "a", 4, true, false],
  ])("%s", (_, era, seq, isInIt, isGoodNow) => {
    expect(isInHistory(feed, { era, seq })).toBe(isInIt);
    expect(isGood(feed, { era, seq })).toBe(isGoodNow);
  });
});
