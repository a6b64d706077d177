import type { Commit, SetOperation } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { expect, test } from "vitest";
import { openTiers, type Tiers, type TiersOptions } from "./tiers.ts";

test("a write resolves, and is shown, before the backend has it", async () => {
  const { store, release } = await openHeld();
  await store.write([set("a", 1), set("b", [Uint8Array.of(1)])]);
  await store.write([set("a", 2)]);
  expect(await store.get("a")).toBe(2);
  expect(await store.get("b")).toEqual([Uint8Array.of(1)]);
  release();
  expect(await store.getMany(["a", "b"])).toEqual([2, [Uint8Array.of(1)]]);
});

test("a commit is told when the backend has it, as one, in order", async () => {
  const { store, backend, release } = await openHeld();
  const told: string[] = [];
  store.onCommit(({ cursor, operations }: Commit) =>
    told.push(`${cursor.seq}: ${operations.length}`),
  );
  await store.write([set("a", 1), set("b", 1)]);
  await store.write([set("c", 1)]);
  expect(told).toEqual([]);
  release();
  await store.flush();
  expect(told).toEqual(["1: 2", "2: 1"]);
  expect(await backend.store.getMany(["a", "b", "c"])).toEqual([1, 1, 1]);
});

test("what tells of the backend waits for what was accepted", async () => {
  const { store, release } = await openHeld();
  await store.set("a", 1);
  const asked = [
    store.feed().then(({ last }) => last),
    store.readMany(["a"]).then(({ entries, last }) => [entries[0]?.value.decode(), last]),
    store.changes({ seq: 0, place: 0 }).then(({ rows }) => rows.length),
    store.has("a"),
    store.update("a", (value) => Number(value) + 1),
    store.delete("a"),
  ];
  release();
  expect(await Promise.all(asked)).toEqual([1, [1, 1], 1, true, 2, true]);
});

test("a write that fails takes those behind it along, is reported, and is shown no longer", async () => {
  const { store, backend, failures, release } = await openHeld();
  backend.failure = (name) => (name === "write" ? new Error("full") : undefined);
  await store.set("node", 1);
  await store.set("pointer", "node");
  expect(await store.get("pointer")).toBe("node");
  const barrier = store.write([set("own", 1)], { barrier: true });
  release();
  await expect(barrier).rejects.toThrow("full");
  expect(await store.getMany(["node", "pointer"])).toEqual([undefined, undefined]);
  expect(failures).toEqual(["backend 2: full"]);
  backend.failure = undefined;
  await store.set("later", 1);
  await store.flush();
  expect(await backend.store.getMany(["node", "pointer", "later"])).toEqual([
    undefined,
    undefined,
    1,
  ]);
});

test("what the backend refuses is reported by flush", async () => {
  const { store } = await openTiers({ writePolicy: "write-behind" });
  await store.set("node", 1, { immutable: true });
  await store.set("node", 2);
  await expect(store.flush()).rejects.toMatchObject({ code: "IMMUTABLE_CHANGED" });
  expect(await store.get("node")).toBe(1);
});

test("what is no value is refused at once", async () => {
  const { store } = await openTiers({ writePolicy: "write-behind" });
  await expect(store.set("a", (() => 1) as unknown as Edn)).rejects.toThrow(TypeError);
  await expect(store.set("a", "text", { type: "binary" })).rejects.toThrow(TypeError);
  await store.flush();
});

test("no more than the limit is accepted before the backend has it", async () => {
  const { store, release } = await openHeld({ maxBehind: 3 });
  const accepted: string[] = [];
  const write = (name: string, count: number) =>
    store
      .write(Array.from({ length: count }, (_, at) => set([name, at], 1)))
      .then(() => accepted.push(name));
  const all = [write("first", 2), write("second", 2), write("large", 9), write("last", 1)];
  await Promise.resolve();
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  expect(accepted).toEqual(["first"]);
  release();
  await Promise.all(all);
  expect(accepted).toEqual(["first", "second", "large", "last"]);
});

test("a write that fails takes those along that wait for room, which reject", async () => {
  const { store, backend, failures, release } = await openHeld({ maxBehind: 1 });
  let writes = 0;
  backend.failure = (name) => {
    return name === "write" && writes++ === 0 ? new Error("full") : undefined;
  };
  await store.set("node", 1, { immutable: true });
  // Asked for while nobody could know that the node would not be made.
  const pointers = ["one", "other"].map((key) => store.set(key, "node"));
  expect(await store.get("one")).toBe("node");
  release();
  const refused = (await Promise.allSettled(pointers)).map(({ status }) => status);
  expect(refused).toEqual(["rejected", "rejected"]);
  expect(failures).toEqual(["backend 1: full"]);
  await expect(store.flush()).rejects.toThrow("full");
  const keys = ["node", "one", "other"];
  expect(await store.getMany(keys)).toEqual(Array(3).fill(undefined));
  expect(await backend.store.getMany(keys)).toEqual(Array(3).fill(undefined));
  await store.set("later", 1);
  await store.flush();
  expect(await backend.store.get("later")).toBe(1);
});

test("a write behind one that has failed is not made before somebody was told", async () => {
  const { store, backend, failures } = await openTiers({ writePolicy: "write-behind" });
  let writes = 0;
  backend.failure = (name) => {
    return name === "write" && writes++ === 0 ? new Error("full") : undefined;
  };
  await store.set("node", 1, { immutable: true });
  // Reads wait for what is behind.
  expect(await store.has("node")).toBe(false);
  expect(failures).toEqual(["backend 1: full"]);
  await expect(store.set("pointer", "node")).rejects.toThrow("full");
  await store.set("pointer", "other");
  await store.flush();
  expect(await backend.store.getMany(["node", "pointer"])).toEqual([undefined, "other"]);
});

test("a barrier that resolves has everything before it on disk", async () => {
  const { store, backend, release } = await openHeld();
  let writes = 0;
  backend.failure = (name) => {
    return name === "write" && writes++ === 0 ? new Error("full") : undefined;
  };
  await store.set("node", 1, { immutable: true });
  const pointer = store.write([set("pointer", "node")], { barrier: true });
  release();
  await expect(pointer).rejects.toThrow("full");
  expect(await backend.store.getMany(["node", "pointer"])).toEqual([undefined, undefined]);
  // It was told.
  await store.write([set("pointer", "other")], { barrier: true });
  await store.flush();
  expect(await backend.store.get("pointer")).toBe("other");
});

test("close waits for the backend, and tells what it has refused", async () => {
  const first = await openHeld();
  await first.store.set("a", 1);
  const closing = first.store.close();
  first.release();
  await closing;
  const second = await openTiers({ writePolicy: "write-behind" });
  second.backend.failure = (name) => (name === "write" ? new Error("full") : undefined);
  await second.store.set("a", 1);
  await expect(second.store.close()).rejects.toThrow("full");
  await expect(second.store.get("a")).rejects.toMatchObject({ code: "STORE_CLOSED" });
});

interface Held extends Tiers {
  /** Lets the backend work. */
  readonly release: () => void;
}

/** A store whose backend takes its time. */
async function openHeld(options: TiersOptions = {}): Promise<Held> {
  const tiers = await openTiers({ ...options, writePolicy: "write-behind" });
  let release = () => undefined as void;
  tiers.backend.held = new Promise((resolve) => {
    release = resolve;
  });
  return {
    ...tiers,
    release: () => {
      release();
      tiers.backend.held = undefined;
    },
  };
}

function set(key: Edn, value: Edn): SetOperation {
  return { op: "set", key, value };
}
