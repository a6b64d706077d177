import type { FeedOperation, SetFact } from "@datahike-sync/core";
import { keyword, uuid } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { type Content, toValue } from "../src/simulation/content.ts";
import { FollowerCheck } from "../src/simulation/follower-check.ts";
import { History, type View } from "../src/simulation/history.ts";
import { Mirror } from "../src/simulation/mirror.ts";

const ORIGIN = uuid("00000000-0000-4000-8000-000000000001");
const ERA = "era";
const ALL: View = { id: "all", sees: () => true };
const LEVEL_0: View = { id: "level 0", sees: (_key, level) => level === 0 };

describe("what the model says of a follower", () => {
  test("a state that the followed store had, at its cursor, is right", () => {
    const { primary, follower } = world();
    primary([cell("x", 1), cell("y", 1)]);
    follower([cell("x", 1), cell("y", 1)]);
    expect(follower.check(1)).toBeUndefined();
  });

  test("a part of a commit is no state", () => {
    const { primary, follower } = world();
    primary([cell("x", 1), cell("y", 1)]);
    follower([cell("x", 1)]);
    expect(follower.check(1)).toMatch(/no state that may be shown/);
    expect(follower.check(undefined)).toMatch(/no state that may be shown/);
  });

  test("a state of another cursor is wrong", () => {
    const { primary, follower } = world();
    primary([cell("x", 1)]);
    primary([cell("x", 2)]);
    follower([cell("x", 1)]);
    expect(follower.check(2)).toMatch(/cursor 2 is state 2/);
    expect(follower.check(1)).toBeUndefined();
  });

  test("an earlier state after a later one is wrong, however it is reached", () => {
    const { primary, follower } = world();
    primary([cell("x", 1)]);
    primary([cell("x", 2)]);
    follower([cell("x", 2)]);
    expect(follower.check(2)).toBeUndefined();
    follower([cell("x", 1)]);
    expect(follower.check(1)).toMatch(/shown before 2/);
    expect(follower.check(undefined)).toMatch(/shown before 2/);
  });

  test("a pointer without what it reaches is wrong, also far below", () => {
    const { primary, follower } = world();
    const tree = [node("n1", 1), node("n2", 2, "n1"), pointer("db", 3, "n2")];
    primary(tree);
    follower(tree.slice(1));
    expect(follower.check(1)).toMatch(/before what it reaches/);
    follower([node("n1", 1)]);
    expect(follower.check(1)).toBeUndefined();
  });

  test("a node with the bytes of another is wrong", () => {
    const { primary, follower } = world();
    primary([node("n1", 1), pointer("db", 3, "n1")]);
    follower([node("n1", 9), pointer("db", 3, "n1")]);
    expect(follower.check(1)).toMatch(/no state that may be shown/);
  });

  test("nodes that nothing reaches may be there", () => {
    const { primary, follower } = world();
    primary([cell("x", 1)]);
    follower([node("n1", 1), cell("x", 1)]);
    expect(follower.check(1)).toBeUndefined();
  });

  test("a state is what may be seen of it, and rights come in their order", () => {
    const { primary, follower, views } = world();
    primary([cell("x", 1, 1), cell("y", 1)]);
    follower([cell("x", 1, 1), cell("y", 1)]);
    expect(follower.check(1)).toBeUndefined();
    views.push(LEVEL_0);
    follower([remove("x")]);
    expect(follower.check(1)).toBeUndefined();
    follower([cell("x", 1, 1)]);
    expect(follower.check(1)).toMatch(/no state that may be shown/);
    views.push(ALL);
    expect(follower.check(1)).toBeUndefined();
  });

  test("keys that the follower wrote for itself are its own affair", () => {
    const { primary, follower, check } = world();
    check.owns("x");
    primary([cell("x", 1), cell("y", 1)]);
    follower([cell("y", 1)]);
    expect(follower.check(1)).toBeUndefined();
  });

  test("a relay's state that is not whole may not be shown further", () => {
    const { primary, follower, history } = world();
    primary([cell("x", 1)]);
    history.setWhole(false);
    follower([cell("x", 1)]);
    expect(follower.check(1)).toMatch(/not whole/);
  });

  test("where parts are allowed, each is still one that was", () => {
    const { primary, follower, check, mirror } = world();
    primary([cell("x", 1), cell("y", 1)]);
    follower([cell("y", 1)]);
    expect(check.checkParts(mirror)).toBeUndefined();
    follower([cell("x", 7)]);
    expect(check.checkParts(mirror)).toMatch(/shows x as it never was/);
  });

  test("in the end the last state is due", () => {
    const { primary, follower, check, mirror } = world();
    primary([cell("x", 1)]);
    follower([cell("x", 1)]);
    expect(check.checkEnd(mirror)).toBeUndefined();
    primary([cell("x", 2)]);
    expect(check.checkEnd(mirror)).toMatch(/instead of/);
  });

  test("a commit of a subscription that changes a local entry is wrong", () => {
    const mirror = new Mirror();
    expect(mirror.apply([cell("x", 1)], undefined)).toBeUndefined();
    expect(mirror.apply([cell("x", 2)], ORIGIN)).toMatch(/x, which is not of/);
  });
});

/** A followed store with numbered commits, and a follower. */
function world() {
  const history = new History();
  const there = new Mirror();
  const mirror = new Mirror();
  const views: View[] = [ALL];
  const origin = ORIGIN.toString();
  const check = new FollowerCheck({ history, origin, views: () => views });
  history.add(new Map(), true);
  let seq = 0;
  const primary = (operations: readonly FeedOperation[]) => {
    there.apply(operations, undefined);
    history.add(there.shown(), true);
    history.mark({ era: ERA, seq: ++seq });
  };
  const follower = (operations: readonly FeedOperation[]) => {
    expect(mirror.apply(operations, ORIGIN)).toBeUndefined();
  };
  follower.check = (at: number | undefined) => {
    const cursor = at === undefined ? {} : { cursor: { era: ERA, seq: at } };
    return check.check(mirror, { revision: 1, ...cursor });
  };
  return { history, mirror, views, check, primary, follower };
}

function fact(key: SetFact["key"], content: Content): SetFact {
  const value = toValue(content);
  return { op: "set", key, value, type: "edn", lastWrite: 0, immutable: false };
}

function cell(key: string, version: number, level = 0): SetFact {
  return fact(key, { version, kids: [], level });
}

function node(key: string, version: number, ...kids: string[]): SetFact {
  return fact(key, { version, kids });
}

function pointer(name: string, version: number, ...kids: string[]): SetFact {
  return fact(keyword(name), { version, kids });
}

function remove(key: string): FeedOperation {
  return { op: "delete", key, type: "edn", lastWrite: 0, immutable: false };
}
