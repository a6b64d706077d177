import { isSyncError } from "@datahike-sync/core";
import { type Edn, identity, print, read, uuid } from "@datahike-sync/edn";
import { cases, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { answers } from "../src/reconcile/answers.ts";
import { Comparison } from "../src/reconcile/comparison.ts";
import { type Item, ItemSet } from "../src/reconcile/item-set.ts";

function item(key: Edn, lastWrite: number, immutable = false): Item {
  return { key, lastWrite, immutable };
}

/** A message as the other side gets it, and what it costs. */
function sent(message: Edn): { readonly message: Edn; readonly bytes: number } {
  const text = print(message);
  return { message: read(text), bytes: text.length };
}

/** What a primary finds, and at what cost. */
function compare(
  ours: Iterable<Item>,
  theirs: Iterable<Item>,
): { readonly found: readonly Item[]; readonly bytes: number; readonly rounds: number } {
  const comparison = new Comparison(new ItemSet(ours));
  const replica = new ItemSet(theirs);
  const found: Item[] = [];
  let bytes = 0;
  let rounds = 0;
  for (let asked = comparison.next(); asked !== undefined; asked = comparison.next()) {
    const question = sent(asked);
    bytes += question.bytes;
    rounds++;
    for (const payload of answers(replica, question.message)) {
      expect(comparison.isAnswered).toBe(false);
      const answer = sent(payload);
      bytes += answer.bytes;
      found.push(...comparison.take(answer.message));
    }
    expect(comparison.isAnswered).toBe(true);
  }
  return { found, bytes, rounds };
}

/** The identities of keys whose items are in one set only. */
function difference(ours: readonly Item[], theirs: readonly Item[]): string[] {
  const mark = ({ key, lastWrite }: Item) => `${lastWrite} ${identity(key)}`;
  const [mine, others] = [new Set(ours.map(mark)), new Set(theirs.map(mark))];
  const differing = [
    ...ours.filter((one) => !others.has(mark(one))),
    ...theirs.filter((one) => !mine.has(mark(one))),
  ];
  return Array.from(new Set(differing.map(({ key }) => identity(key)))).sort();
}

function ids(found: readonly Item[]): string[] {
  return found.map(({ key }) => identity(key)).sort();
}

const PREFIXES = ["", "a", "ab", "\u{1f600}", "\u{1f601}", "a".repeat(300)];

/** Few times, so that many items share one; keys with long and odd common beginnings. */
function randomItems(random: Random, size: number, times: number): Item[] {
  return Array.from({ length: size }, (_, at) =>
    item(`${random.pick(PREFIXES)}${at}`, random.below(times) - 3, random.below(2) === 0),
  );
}

function changed(items: readonly Item[], random: Random, share: number): Item[] {
  const kept = items.filter(() => random.next() >= share);
  const rewritten = kept.map((one) => {
    return random.next() < share ? { ...one, lastWrite: 1000 + random.below(3) } : one;
  });
  const added = randomItems(random, Math.round(items.length * share), 5);
  return [...rewritten, ...added.map((one) => ({ ...one, key: [one.key] }))];
}

describe("a comparison", () => {
  test("finds exactly what differs between any two sets", () => {
    for (let at = 0; at < cases(3_000); at++) {
      const random = new Random(at);
      const size = random.pick([1, 2, 16, 17, 33, 100, 700]);
      const ours = randomItems(random, random.below(size + 1), random.pick([1, 3, 1000]));
      const theirs = changed(ours, random, random.pick([0, 0.01, 0.3, 1]));
      const { found } = compare(ours, theirs);
      expect(ids(found), `seed ${seed}, case ${at}`).toEqual(difference(ours, theirs));
    }
  });

  test("finds everything where one side has nothing", () => {
    const items = randomItems(new Random(1), 5_000, 100);
    expect(ids(compare(items, []).found)).toEqual(difference(items, []));
    expect(ids(compare([], items).found)).toEqual(difference([], items));
    expect(compare([], []).found).toEqual([]);
  });

  test("says of a key that both have at different times what this side knows of it", () => {
    const { found } = compare([item("k", 2, true)], [item("k", 1)]);
    expect(found).toMatchObject([{ key: "k", lastWrite: 2, immutable: true }]);
    expect(compare([], [item("k", 1, true)]).found).toMatchObject([{ immutable: true }]);
  });

  test("costs next to nothing between equal sets", () => {
    const items = randomItems(new Random(2), 50_000, 10_000);
    const { bytes, rounds } = compare(items, items);
    expect(rounds).toBe(1);
    expect(bytes).toBeLessThan(1_000);
  });

  test("costs what differs, not what there is", () => {
    const costs = (size: number, differing: number, isScattered: boolean): number => {
      const random = new Random(3);
      const keys = Array.from({ length: size }, (_, at) => {
        return item(uuid(`00000000-0000-4000-8000-${String(at).padStart(12, "0")}`), 1e12 + 7 * at);
      });
      const places = new Set<number>();
      while (places.size < differing) {
        places.add(isScattered ? random.below(size) : size - 1 - places.size);
      }
      const ours = keys.map((one, at) => (places.has(at) ? { ...one, lastWrite: 2e12 + at } : one));
      const { found, bytes } = compare(ours, keys);
      expect(found).toHaveLength(differing);
      return bytes;
    };
    expect(costs(100_000, 1_000, false)).toBeLessThan(100 * 1_000);
    const scattered = costs(100_000, 1_000, true);
    expect(scattered).toBeLessThan(750 * 1_000);
    expect(costs(100_000, 100, true)).toBeLessThan(scattered / 5);
    expect(costs(100_000, 10, true)).toBeLessThan(2 * costs(10_000, 10, true));
  });
});

describe("an answer", () => {
  const items = new ItemSet(randomItems(new Random(4), 1_000, 100));
  const begun = () => {
    const comparison = new Comparison(items);
    comparison.next();
    return comparison;
  };

  test.each<[string, Edn]>([
    ["that is no vector", "ranges"],
    ["with no ranges", []],
    ["with a range that is none", [7]],
    ["with a mode that is none", [[null, 9]]],
    ["that asks", [[null, 3]]],
    [
      "with ranges out of order",
      [
        [[5, "b"], 0],
        [[0, "a"], 0],
        [null, 0],
      ],
    ],
    [
      "with a range behind the end",
      [
        [null, 0],
        [null, 0],
      ],
    ],
    [
      "with a time that is none",
      [
        [[0.5, ""], 0],
        [null, 0],
      ],
    ],
    [
      "with a time beyond all times",
      [
        [[2 ** 50, ""], 0],
        [null, 0],
      ],
    ],
    [
      "with a bound without a text",
      [
        [[1, 2], 0],
        [null, 0],
      ],
    ],
    ["with a fingerprint that is none", [[null, 1, [3, new Uint8Array(7)]]]],
    ["with a count that is none", [[null, 1, [-3, new Uint8Array(8)]]]],
    ["with an item without a key", [[null, 2, [[1]]]]],
    ["that lists more than it may", [[null, 2, Array.from({ length: 9 }, (_, at) => [at, at])]]],
    ["over several ranges of the question", [[null, 1, [3, new Uint8Array(8)]]]],
    ["of too many ranges", Array.from({ length: 1_025 }, (_, at) => [[1, `${at}`], 0])],
  ])("%s is refused", (_, message) => {
    expect(() => begun().take(message)).toThrow(
      expect.toSatisfy((error) => isSyncError(error, "PROTOCOL_VIOLATION")),
    );
  });

  test("to nothing is refused", () => {
    expect(() => new Comparison(items).take([[null, 0]])).toThrow("an answer to nothing");
  });

  test("cannot be longer than the question allows", () => {
    const comparison = begun();
    const take = () => {
      for (let at = 0; at < 1_000; at++) comparison.take([[[at - 100, ""], 0]]);
    };
    expect(take).toThrow("longer than it may be");
  });

  test("that always differs comes to an end", () => {
    const comparison = new Comparison(new ItemSet([]));
    const take = () => {
      while (comparison.next() !== undefined) {
        comparison.take([[null, 1, [1_000, new Uint8Array(8)]]]);
      }
    };
    expect(take).toThrow("does not come to an end");
  });

  test("of a long list comes in several messages, in order", () => {
    const keys = Array.from({ length: 3_000 }, (_, at) => item(`${"k".repeat(200)}${at}`, at));
    const question = read(print([[null, 3]]));
    const messages = Array.from(answers(new ItemSet(keys), question));
    expect(messages.length).toBeGreaterThan(1);
    expect(Math.max(...messages.map((message) => print(message).length))).toBeLessThan(400_000);
  });
});
