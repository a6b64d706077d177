import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { encoded, type Operation, type Store } from "@datahike-sync/core";
import { type Edn, EdnMap, identity, keyword, print } from "@datahike-sync/edn";
import { readStoreFiles } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";
import { TieredStore, type WalkSyncProgress, walkSync } from "@datahike-sync/store-tiered";
import { cases, Random, seed } from "@datahike-sync/testing";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { describe, expect, test } from "vitest";
import { ForestWalker, Gardener, missingIn, ROOTS } from "./forest.ts";
import { Gate, gated } from "./gate.ts";
import { observed } from "./observed.ts";
import { codec } from "./subjects.ts";

const fressian = fressianCodec({ handlers: fressianHandlers() });
const walker = new ForestWalker();

describe("a real Datahike store", () => {
  test("is copied as far as its pointers reach it, once, and the pointers are shown last", async () => {
    const backend = observed(await datahikeStore());
    const reached = await reachedIn(backend.store);
    const frontend = await MemoryStore.open({ codec: fressian });
    const commits: Edn[][] = [];
    frontend.onCommit(({ operations }) => commits.push(operations.map(({ key }) => key)));
    const told: WalkSyncProgress[] = [];
    const options = {
      walker: datahikeWalker(),
      onProgress: (each: WalkSyncProgress) => told.push(each),
    };
    const progress = await walkSync(frontend, backend.store, options);
    expect(progress).toEqual({ reached: reached.length, copied: reached.length });
    expect(told.at(-1)).toEqual(progress);
    expect(told.length).toBeGreaterThan(2);
    const copied = new Set(commits.flat().map(identity));
    for (const key of reached) expect(copied, print(key)).toContain(identity(key));
    // Beside them its mark, before and after.
    expect(copied.size).toBe(reached.length + 1);
    expect(commits.at(-2)).toEqual([keyword("db"), keyword("branches")]);
    for (const key of reached) {
      expect(print((await frontend.get(key)) ?? null)).toBe(
        print((await backend.store.get(key)) ?? null),
      );
    }
    backend.calls.length = 0;
    expect((await walkSync(frontend, backend.store, options)).copied).toBe(2);
    // Nodes are read from the frontend, and looked for there.
    expect(new Set(backend.calls)).toEqual(new Set(["feed", "getMany", "getMeta"]));
    expect(backend.calls.filter((name) => name === "getMany")).toHaveLength(2);
  });

  test("that was copied in part is copied to its end, and nothing twice", async () => {
    const backend = await datahikeStore();
    const reached = await reachedIn(backend);
    const frontend = await MemoryStore.open({ codec: fressian });
    const reason = new Error("enough");
    const controller = new AbortController();
    let first = 0;
    const stopped = walkSync(frontend, backend, {
      walker: datahikeWalker(),
      signal: controller.signal,
      onProgress: ({ copied }) => {
        first = copied;
        controller.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(reached.length);
    const { copied } = await walkSync(frontend, backend, { walker: datahikeWalker() });
    expect(copied).toBe(reached.length - first);
  });
});

describe("trees that change while they are copied", () => {
  test("are whole in the frontend, whatever is committed and collected meanwhile", async () => {
    let walks = 0;
    for (let number = 0; number < cases(1_000); number++) {
      const garden = await openGarden(new Random(number));
      const { backend, gardener } = garden;
      const frontend = await MemoryStore.open({ codec });
      const counting = new ForestWalker();
      await garden.during(async (store) => {
        await walkSync(frontend, store, { walker: counting });
      });
      walks += counting.walks;
      expect(await missingIn(frontend), `seed ${seed}, case ${number}`).toEqual([]);
      await walkSync(frontend, backend, { walker });
      for (const key of [...gardener.reached(), ...ROOTS]) {
        expect(await frontend.get(key)).toEqual(await backend.get(key));
      }
    }
    // Some began again.
    expect(walks).toBeGreaterThan(cases(1_000) * 1.1);
  });

  test("are copied behind a store that is in use", async () => {
    for (let number = 0; number < cases(500); number++) {
      const garden = await openGarden(new Random(number));
      const frontend = await MemoryStore.open({ codec });
      let store: TieredStore | undefined;
      await garden.during(async (backend) => {
        store = await TieredStore.open({ frontend, backend });
        await store.walkSync({ walker });
      });
      await store?.walkSync({ walker });
      for (const key of garden.gardener.reached()) {
        const value = await garden.backend.get(key);
        expect(await frontend.get(key), `seed ${seed}, case ${number}`).toEqual(value);
      }
      const left: string[] = [];
      for await (const { key } of frontend.keys()) {
        if (typeof key === "string" && !(await garden.backend.has(key))) left.push(key);
      }
      expect(left, `seed ${seed}, case ${number}`).toEqual([]);
      await store?.close();
    }
  });

  test("are given up when pointers always move on before they are read", async () => {
    const backend = await MemoryStore.open({ codec });
    const moving = new ForestWalker();
    let count = 0;
    moving.onNode = async () => {
      const [leaf, branch] = [`leaf ${++count}`, `branch ${count}`];
      await backend.write([
        { op: "delete", key: `leaf ${count - 1}` },
        { op: "set", key: leaf, value: [], immutable: true },
        { op: "set", key: branch, value: [leaf], immutable: true },
        { op: "set", key: ROOTS[0], value: [branch] },
      ]);
    };
    await moving.onNode();
    const failure = walkSync(await MemoryStore.open(), backend, { walker: moving });
    await expect(failure).rejects.toMatchObject({ code: "NODE_MISSING" });
    expect(moving.walks).toBe(16);
  });

  test("are not begun again for a node that is missing while its pointer stands", async () => {
    const backend = await MemoryStore.open({ codec });
    const gardener = new Gardener(new Random(1));
    await backend.write(gardener.grow());
    await backend.delete([...gardener.reached()].at(-1) ?? null);
    const counting = new ForestWalker();
    const failure = walkSync(await MemoryStore.open(), backend, { walker: counting });
    await expect(failure).rejects.toMatchObject({ code: "NODE_MISSING" });
    expect(counting.walks).toBe(1);
  });
});

test("where keys are used again, nodes that the frontend has are copied too", async () => {
  const backend = await MemoryStore.open({ codec });
  const frontend = await MemoryStore.open();
  await backend.write([
    { op: "set", key: "leaf", value: [], immutable: true },
    { op: "set", key: "branch", value: ["leaf"], immutable: true },
    { op: "set", key: ROOTS[0], value: ["branch"] },
  ]);
  await frontend.set("branch", [], { immutable: true });
  await walkSync(frontend, backend, { walker });
  expect(await frontend.get("branch")).toEqual([]);
  await walkSync(frontend, backend, { walker: new ForestWalker(true) });
  expect(await frontend.get("branch")).toEqual(["leaf"]);
});

test("what was copied into an empty frontend is kept by the store that is opened on it", async () => {
  const garden = await openGarden(new Random(1));
  const frontend = await MemoryStore.open({ codec });
  await walkSync(frontend, garden.backend, { walker });
  const backend = observed(garden.backend);
  const store = await TieredStore.open({ frontend, backend: backend.store });
  backend.calls.length = 0;
  for (const key of garden.gardener.reached()) expect(await store.get(key)).toBeDefined();
  expect(backend.calls).toEqual([]);
});

test("what was begun and not finished is not believed", async () => {
  const garden = await openGarden(new Random(1));
  const frontend = await MemoryStore.open({ codec });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(walkSync(frontend, garden.backend, { walker, signal })).rejects.toThrow("enough");
  await frontend.set("stale", 1);
  await TieredStore.open({ frontend, backend: garden.backend });
  expect(await frontend.has("stale")).toBe(false);
});

/** Trees on which somebody works while they are copied. */
interface Garden {
  readonly backend: Store;
  readonly gardener: Gardener;
  /** Does a job on the gated backend, while commits and collections are made on it. */
  during(job: (backend: Store) => Promise<void>): Promise<void>;
}

async function openGarden(random: Random): Promise<Garden> {
  const backend = await MemoryStore.open({ codec });
  const gardener = new Gardener(random);
  for (let commits = 0; commits < 4; commits++) await backend.write(gardener.grow());
  const during = async (job: (backend: Store) => Promise<void>) => {
    const gate = new Gate(random);
    let isDone = false;
    const done = job(gated(backend, gate, { fault: () => undefined })).finally(() => {
      isDone = true;
    });
    // Somebody stops in the end: a copy is given up after so many attempts.
    for (let commits = 12; !isDone; ) {
      if (commits > 0 && random.below(6) === 0) {
        commits--;
        await backend.write(gardener.grow());
        if (random.below(2) === 0) await backend.write(gardener.collect());
      }
      gate.step();
      for (let turns = 0; turns < 4; turns++) await Promise.resolve();
    }
    gate.open();
    await done;
  };
  return { backend, gardener, during };
}

async function datahikeStore(): Promise<Store> {
  const store = await MemoryStore.open({ codec: fressian });
  await store.write(await datahikeEntries());
  return store;
}

/** A store that a JVM wrote, encoded as it is on disk. */
async function datahikeEntries(): Promise<Operation[]> {
  const operations: Operation[] = [];
  for (const { bytes } of await readStoreFiles("datahike-0.8/medium")) {
    const metaEnd = 20 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
    const meta = fressian.decode(bytes.slice(20, metaEnd));
    const key = meta instanceof EdnMap ? meta.get(keyword("key")) : undefined;
    const value = encoded(fressian, bytes.slice(metaEnd));
    if (key !== undefined) operations.push({ op: "set", key, value });
  }
  return operations;
}

async function reachedIn(store: Store): Promise<Edn[]> {
  const keys: Edn[] = [];
  for await (const { key } of datahikeWalker().walk(store)) keys.push(key);
  return keys;
}
