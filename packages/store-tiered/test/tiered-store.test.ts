import { CrashDisk } from "@datahike-sync/conformance/simulation";
import {
  createSyncContext,
  type ObjectRow,
  openStore,
  type SetOperation,
  type Store,
} from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { MemoryMap } from "@datahike-sync/store-memory";
import { TieredStore } from "@datahike-sync/store-tiered";
import { describe, expect, test } from "vitest";
import { ForestWalker } from "./forest.ts";
import { observed } from "./observed.ts";
import { codec } from "./subjects.ts";
import { openMap, openTiers } from "./tiers.ts";

describe("a warm frontend", () => {
  test("answers alone where nobody else writes to the backend", async () => {
    const { store, backend } = await openTiers({ exclusive: true });
    await store.write([set("cell", 1), node("node", 2)]);
    backend.calls.length = 0;
    expect(await store.get("cell")).toBe(1);
    expect(await store.getMany(["node", "cell"])).toEqual([2, 1]);
    expect(backend.calls).toEqual([]);
  });

  test("answers for nodes where others write too, and the backend for the rest", async () => {
    const { store, backend } = await openTiers();
    await store.write([set("cell", 1), node("node", 2)]);
    backend.calls.length = 0;
    expect(await store.get("node")).toBe(2);
    expect(backend.calls).toEqual([]);
    expect(await store.get("cell")).toBe(1);
    expect(backend.calls).toEqual(["readMany"]);
  });

  test("knows nodes that are not marked by a walker", async () => {
    const { store, backend } = await openTiers({ walker: new ForestWalker() });
    await store.set("node", []);
    backend.calls.length = 0;
    expect(await store.get("node")).toEqual([]);
    expect(backend.calls).toEqual([]);
  });

  test("has what was read once", async () => {
    const backendMap = new MemoryMap<ObjectRow>();
    await (await openMap(backendMap)).set("cell", 1);
    const { store, backend } = await openTiers({ backendMap, exclusive: true });
    expect(await store.get("cell")).toBe(1);
    await store.flush();
    backend.calls.length = 0;
    expect(await store.get("cell")).toBe(1);
    expect(backend.calls).toEqual([]);
  });

  test("gives bytes and dates that belong to whoever reads them", async () => {
    const { store } = await openTiers({ exclusive: true });
    await store.set("key", [Uint8Array.of(1), new Date(1)]);
    for (let times = 0; times < 3; times++) {
      const [bytes, date] = (await store.get("key")) as [Uint8Array, Date];
      expect([bytes[0], date.getTime()]).toEqual([1, 1]);
      bytes[0] = 9;
      date.setTime(9);
    }
  });

  test("is warm again when it is opened again, but for what has changed meanwhile", async () => {
    const maps = {
      frontendMap: new MemoryMap<ObjectRow>(),
      backendMap: new MemoryMap<ObjectRow>(),
    };
    const first = await openTiers({ ...maps, exclusive: true });
    await first.store.write([set("same", 1), set("changed", 1), set("gone", 1)]);
    await first.store.close();
    const other = await openMap(maps.backendMap);
    await other.write([set("changed", 2), { op: "delete", key: "gone" }]);
    await other.close();
    const { store, backend } = await openTiers({ ...maps, exclusive: true });
    expect(await store.get("same")).toBe(1);
    expect(backend.calls).toEqual([]);
    expect(await store.getMany(["changed", "gone"])).toEqual([2, undefined]);
  });

  test("is emptied when the backend's feed no longer tells what has changed", async () => {
    const maps = {
      frontendMap: new MemoryMap<ObjectRow>(),
      backendMap: new MemoryMap<ObjectRow>(),
    };
    const first = await openTiers({ ...maps, exclusive: true });
    await first.store.set("gone", 1);
    await first.store.close();
    const other = await openMap(maps.backendMap);
    await other.delete("gone");
    await other.compact();
    await other.close();
    const { store, frontend } = await openTiers({ ...maps, exclusive: true });
    expect(await store.get("gone")).toBeUndefined();
    expect(await frontend.store.has("gone")).toBe(false);
  });

  test("is emptied when it belongs to another backend, or to nobody", async () => {
    const frontendMap = new MemoryMap<ObjectRow>();
    const first = await openTiers({ frontendMap, exclusive: true });
    await first.store.set("key", 1);
    await first.store.close();
    const second = await openTiers({ frontendMap, exclusive: true });
    expect(await second.store.get("key")).toBeUndefined();
    await second.store.close();
    const strange = await openMap();
    await strange.set("key", 1);
    const store = await TieredStore.open({ frontend: strange, backend: await openMap() });
    expect(await store.get("key")).toBeUndefined();
    expect(await strange.has("key")).toBe(false);
  });
});

test("a frontend does not keep what its backend has lost in a crash", async () => {
  const disk = new CrashDisk({ random: () => 0 });
  const frontendMap = new MemoryMap<ObjectRow>();
  const open = async () => {
    const backend = await openStore(await disk.open(), { codec });
    return TieredStore.open({ frontend: await openMap(frontendMap), backend });
  };
  const first = await open();
  await first.set("before", 1, { immutable: true });
  const loseTheRest = disk.backup();
  const other = await openStore(await disk.open(), { codec });
  await other.set("after", 1, { immutable: true });
  expect(await first.getMany(["before", "after"])).toEqual([1, 1]);
  await first.close();
  loseTheRest();
  const again = await open();
  expect(await again.getMany(["before", "after"])).toEqual([1, undefined]);
});

describe("what others write to the backend", () => {
  test("is seen at once: cells, and the nodes that they lead to", async () => {
    const backendMap = new MemoryMap<ObjectRow>();
    const { store } = await openTiers({ backendMap });
    await store.write([node("node", 1), set("cell", "node")]);
    expect(await store.getMany(["cell", "node"])).toEqual(["node", 1]);
    const other = await openMap(backendMap);
    await other.write([{ ...node("node", 2), rewrite: true }, set("cell", "node again")]);
    expect(await store.get("cell")).toBe("node again");
    expect(await store.get("node")).toBe(2);
    await other.delete("node");
    expect(await store.has("node")).toBe(false);
    expect(await store.get("node")).toBeUndefined();
  });

  test("through the same opener is seen too", async () => {
    const { store, backend } = await openTiers({ exclusive: true });
    await store.set("cell", 1);
    await backend.store.set("cell", 2);
    expect(await store.get("cell")).toBe(2);
    await backend.store.delete("cell");
    expect(await store.get("cell")).toBeUndefined();
  });

  test("is seen where the frontend alone is read", async () => {
    const backendMap = new MemoryMap<ObjectRow>();
    const { store } = await openTiers({ backendMap, readPolicy: "frontend-only" });
    await store.write([set("a", 1), set("b", 1)]);
    const other = await openMap(backendMap);
    await other.write([set("a", 2), { op: "delete", key: "b" }, set("c", 2)]);
    expect(await store.getMany(["a", "b", "c"])).toEqual([2, undefined, 2]);
  });
});

describe("a frontend that has everything", () => {
  test("is filled when the store is opened, and asked alone from then on", async () => {
    const backendMap = new MemoryMap<ObjectRow>();
    await (await openMap(backendMap)).write(Array.from({ length: 600 }, (_, at) => set(at, at)));
    const options = { backendMap, readPolicy: "frontend-only", exclusive: true } as const;
    const { store, backend } = await openTiers(options);
    expect(await store.get(599)).toBe(599);
    expect(await store.getMany([0, 1000])).toEqual([0, undefined]);
    expect(await store.get("never")).toBeUndefined();
    expect(backend.calls).toEqual([]);
  });

  test("is noticed to be gone, and filled again", async () => {
    const { store, frontend, backend } = await openTiers({
      readPolicy: "frontend-only",
      exclusive: true,
    });
    await store.write([set("a", 1), set("b", 2)]);
    for await (const { key } of frontend.store.keys()) await frontend.store.delete(key);
    expect(await store.getMany(["a", "b"])).toEqual([1, 2]);
    await expect.poll(() => frontend.store.has("b")).toBe(true);
    await store.flush();
    backend.calls.length = 0;
    expect(await store.getMany(["a", "b"])).toEqual([1, 2]);
    expect(backend.calls).toEqual([]);
  });
});

describe("when it is opened", () => {
  test("what the frontend lacks can be copied, or everything anew", async () => {
    const backendMap = new MemoryMap<ObjectRow>();
    await (await openMap(backendMap)).write([set("a", 1), set("b", 1)]);
    for (const syncOnConnect of ["missing", "full"] as const) {
      const options = { backendMap, syncOnConnect, exclusive: true };
      const { store, backend } = await openTiers(options);
      expect(await store.getMany(["a", "b"])).toEqual([1, 1]);
      expect(backend.calls).toEqual([]);
    }
  });

  test("policies that make no sense together are refused, and the stores stay open", async () => {
    const [frontend, backend] = [await openMap(), await openMap()];
    const writePolicy = "write-around";
    const opening = TieredStore.open({
      frontend,
      backend,
      writePolicy,
      readPolicy: "frontend-only",
    });
    await expect(opening).rejects.toThrow(TypeError);
    await expect(TieredStore.open({ frontend, backend, maxBehind: 0 })).rejects.toThrow(RangeError);
    await backend.set("a", 1);
    await frontend.set("a", 1);
  });

  test("a frontend that cannot be read is an error, and the stores stay open", async () => {
    const [frontend, backend] = [await openMap(), await openMap()];
    await frontend.close();
    const opening = TieredStore.open({ frontend, backend });
    await expect(opening).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await backend.set("a", 1);
  });
});

test("writing around a frontend leaves nothing old there", async () => {
  const { store, frontend } = await openTiers({ writePolicy: "write-around", exclusive: true });
  await store.set("a", 1);
  expect(await store.get("a")).toBe(1);
  await store.flush();
  expect(await frontend.store.get("a")).toBe(1);
  await store.set("a", 2);
  expect(await frontend.store.has("a")).toBe(false);
  expect(await store.get("a")).toBe(2);
});

describe("a frontend that fails", () => {
  test("is done without, and used again when it works again", async () => {
    const { store, frontend, backend, failures } = await openTiers({ exclusive: true });
    await store.set("a", 1);
    frontend.failure = (name) => (name === "write" ? new Error("full") : undefined);
    await store.set("a", 2);
    expect(await store.get("a")).toBe(2);
    expect(failures).toEqual(["frontend 0: full"]);
    frontend.failure = undefined;
    for (let reads = 0; reads < 300; reads++) expect(await store.get("a")).toBe(2);
    await store.flush();
    backend.calls.length = 0;
    expect(await store.get("a")).toBe(2);
    expect(backend.calls).toEqual([]);
  });

  test("to read an entry loses that entry only", async () => {
    const { store, frontend, backend, failures } = await openTiers({ exclusive: true });
    await store.write([set("a", 1), set("b", 2)]);
    frontend.calls.length = 0;
    frontend.failure = (name) => (name === "get" ? new Error("damaged") : undefined);
    expect(await store.get("a")).toBe(1);
    frontend.failure = undefined;
    expect(failures).toEqual(["frontend 0: damaged"]);
    await store.flush();
    // It is there again, made anew of what the backend has.
    expect(frontend.calls).toContain("write");
    backend.calls.length = 0;
    expect(await store.get("b")).toBe(2);
    expect(backend.calls).toEqual([]);
    expect(await store.get("a")).toBe(1);
  });

  test("to take an entry loses that entry only", async () => {
    const { store, frontend, backend, failures } = await openTiers({ exclusive: true });
    await store.write([set("a", 1), set("b", 2)]);
    let isFirst = true;
    frontend.failure = (name) => {
      const failure = name === "write" && isFirst ? new Error("full") : undefined;
      if (failure !== undefined) isFirst = false;
      return failure;
    };
    await store.set("a", 3);
    expect(failures).toEqual(["frontend 0: full"]);
    expect(await frontend.store.has("a")).toBe(false);
    backend.calls.length = 0;
    expect(await store.get("b")).toBe(2);
    expect(backend.calls).toEqual([]);
    expect(await store.get("a")).toBe(3);
  });

  test("while the store is opened is told with what it failed with", async () => {
    const frontend = observed(await openMap());
    frontend.failure = (name) => (name === "write" ? new Error("full") : undefined);
    const opening = TieredStore.open({ frontend: frontend.store, backend: await openMap() });
    await expect(opening).rejects.toThrow("full");
  });

  test("for good does not get in anybody's way", async () => {
    const { store, frontend } = await openTiers({ exclusive: true });
    await frontend.store.close();
    for (let count = 0; count < 300; count++) {
      await store.set("a", count);
      expect(await store.get("a")).toBe(count);
    }
    await store.close();
  });

  test("does not keep tombstones of all that it ever had", async () => {
    const { store, frontend } = await openTiers({ exclusive: true });
    for (let round = 0; round < 10; round++) {
      const keys = Array.from({ length: 500 }, (_, at) => [round, at]);
      await store.write(keys.map((key) => set(key, 1)));
      await store.write(keys.map((key) => ({ op: "delete", key })));
    }
    expect((await frontend.store.feed()).floor).toBeGreaterThan(0);
  });
});

describe("before a backend without a feed", () => {
  test("a frontend keeps nodes, as long as it is open", async () => {
    const frontend = await openMap();
    const backend = observed(feedless(await openMap()));
    const options = { frontend, backend: backend.store };
    const store = await TieredStore.open(options);
    await store.write([set("cell", 1), node("node", 1)]);
    await store.write([set("cell", 2)]);
    backend.calls.length = 0;
    expect(await store.get("node")).toBe(1);
    expect(backend.calls).toEqual([]);
    expect(await store.getMany(["cell", "node"])).toEqual([2, 1]);
    expect(backend.calls).toEqual(["getMany"]);
    await store.delete("node");
    expect(await store.get("node")).toBeUndefined();
    await store.set("node", 2, { immutable: true });
    await TieredStore.open(options);
    expect(await frontend.has("node")).toBe(false);
  });

  test("a frontend cannot have everything", async () => {
    const options = { frontend: await openMap(), backend: feedless(await openMap()) };
    const opening = TieredStore.open({ ...options, readPolicy: "frontend-only" });
    await expect(opening).rejects.toThrow(TypeError);
  });
});

describe("as part of a replication", () => {
  test("a store that is written to its frontend only can be no replica", async () => {
    const store = await TieredStore.open({
      frontend: await openMap(),
      backend: await openMap(),
      writePolicy: "frontend-only",
    });
    const context = createSyncContext({ codec });
    const dial = () => Promise.reject(new Error("nobody dials"));
    const { storeId } = context.registerStore(await openMap(), { id: "primary" });
    expect(() => context.subscribe(dial, storeId, store)).toThrow(TypeError);
    await context.close();
  });
});

test("destroy erases both stores", async () => {
  const maps = { frontendMap: new MemoryMap<ObjectRow>(), backendMap: new MemoryMap<ObjectRow>() };
  const { store } = await openTiers(maps);
  await store.write([node("a", 1)]);
  await store.destroy();
  expect(maps.frontendMap.get("h")).toBeUndefined();
  expect(maps.backendMap.get("h")).toBeUndefined();
});

/** As a folder of konserve's is. */
function feedless(store: Store): Store {
  return new Proxy(store, {
    get(_, name) {
      if (name === "capabilities") return { ...store.capabilities, feed: false };
      if (name === "changes" || name === "readMany") return () => Promise.reject(new TypeError());
      const member: unknown = Reflect.get(store, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => Reflect.apply(member, store, args);
    },
  });
}

function set(key: Edn, value: Edn): SetOperation {
  return { op: "set", key, value };
}

function node(key: Edn, value: Edn): SetOperation {
  return { op: "set", key, value, immutable: true };
}
