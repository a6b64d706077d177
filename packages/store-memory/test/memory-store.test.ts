import {
  binary,
  type Codec,
  type Encoded,
  encoded,
  type KeyEntry,
  type Operation,
} from "@datahike-sync/core";
import { type Edn, EdnMap, identity, keyword, list, print, read } from "@datahike-sync/edn";
import { ednArbitrary, keyArbitrary } from "@datahike-sync/edn/arbitrary";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, seed } from "@datahike-sync/testing";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

describe("entries", () => {
  test("what was never set is undefined", async () => {
    await using store = await MemoryStore.open();
    expect(await store.get("none")).toBeUndefined();
    expect(await store.getMeta("none")).toBeUndefined();
    expect(await store.has("none")).toBe(false);
    expect(await store.getMany(["none", 1])).toEqual([undefined, undefined]);
    expect(await listed(store)).toEqual([]);
  });

  test("nil and false are values, and nil is a key", async () => {
    await using store = await MemoryStore.open();
    await store.write([set(null, null), set("no", false)]);
    expect(await store.getMany([null, "no"])).toEqual([null, false]);
    expect(await store.has(null)).toBe(true);
  });

  test("equal keys are one key, and the later spelling is the one that is listed", async () => {
    await using store = await MemoryStore.open();
    await store.set([1, 2], "vector");
    await store.set(list(1, 2), "list");
    expect(await store.get([1, 2])).toBe("list");
    expect((await listed(store)).map(({ key }) => key)).toEqual([list(1, 2)]);
  });

  test("metadata is what was given, or the defaults", async () => {
    await using store = await MemoryStore.open();
    const before = Date.now();
    await store.set("plain", 1);
    await store.set("full", 1, { lastWrite: 5, immutable: true });
    await store.set("bytes", Uint8Array.of(1), { type: "binary" });
    expect(await store.getMeta("full")).toEqual({ type: "edn", lastWrite: 5, immutable: true });
    expect(await store.getMeta("bytes")).toMatchObject({ type: "binary", immutable: false });
    const plain = await store.getMeta("plain");
    expect(plain).toMatchObject({ type: "edn", immutable: false });
    expect(plain?.lastWrite).toBeGreaterThanOrEqual(before);
    expect(plain?.lastWrite).toBeLessThanOrEqual(Date.now());
  });

  test("lastWrite never goes back, and one that was given does not move the clock", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1000 });
    try {
      await using store = await MemoryStore.open();
      await store.set("future", 1, { lastWrite: 1e9 });
      await store.set("a", 1);
      vi.setSystemTime(500);
      await store.set("b", 1);
      vi.setSystemTime(2000);
      await store.set("c", 1);
      const metas = await Promise.all(["a", "b", "c"].map((key) => store.getMeta(key)));
      expect(metas.map((meta) => meta?.lastWrite)).toEqual([1000, 1000, 2000]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a delete of what is not there is nothing", async () => {
    await using store = await MemoryStore.open();
    await store.write([{ op: "delete", key: "none" }]);
    expect(await listed(store)).toEqual([]);
  });
});

describe("ownership", () => {
  test("what a writer changes afterwards does not reach the store", async () => {
    await using store = await MemoryStore.open();
    const [items, date, bytes, raw] = [[1], new Date(1), Uint8Array.of(1), Uint8Array.of(1)];
    const key = [date];
    await store.write([set("value", [items, date, bytes]), set(key, 1)]);
    await store.set("raw", raw, { type: "binary" });
    items.push(2);
    date.setTime(2);
    bytes[0] = 2;
    raw[0] = 2;
    expect(await store.get("value")).toEqual([[1], new Date(1), Uint8Array.of(1)]);
    expect(await store.get([new Date(1)])).toBe(1);
    expect(await store.get("raw")).toEqual(Uint8Array.of(1));
  });

  test("what a reader is given is frozen, or a copy of the reader's own", async () => {
    await using store = await MemoryStore.open({ codec: ednText() });
    await store.set("value", [[1], new Date(1), Uint8Array.of(1)]);
    await store.set("raw", Uint8Array.of(1), { type: "binary" });
    await store.set("encoded", text('[#inst "1970-01-01T00:00:00.001-00:00"]'));
    await store.set([new Date(1)], 1);
    const [items, date, bytes] = (await store.get("value")) as [number[], Date, Uint8Array];
    expect(() => items.push(2)).toThrow(TypeError);
    date.setTime(2);
    bytes[0] = 2;
    ((await store.get("raw")) as Uint8Array)[0] = 2;
    ((await store.get("encoded")) as Date[])[0]?.setTime(2);
    for (const { key } of await listed(store)) if (Array.isArray(key)) key[0].setTime(2);
    expect(await store.get("value")).toEqual([[1], new Date(1), Uint8Array.of(1)]);
    expect(await store.get("raw")).toEqual(Uint8Array.of(1));
    expect(await store.get("encoded")).toEqual([new Date(1)]);
    expect(await store.get([new Date(1)])).toBe(1);
  });

  test("a value that nothing can change is shared", async () => {
    await using store = await MemoryStore.open();
    await store.set("value", new EdnMap([[keyword("a"), [1]]]));
    expect(await store.get("value")).toBe(await store.get("value"));
  });
});

describe("encoded values", () => {
  test("that came encoded are kept so, and decoded once, when they are read", async () => {
    const codec = ednText();
    await using store = await MemoryStore.open();
    await store.write([set("key", encoded(codec, new TextEncoder().encode("[1]")))]);
    const entry = await store.get("key", { encoded: true });
    expect(entry).toMatchObject({ key: "key", type: "edn", immutable: false });
    expect(entry?.value).toMatchObject({ codec: "edn", bytes: new TextEncoder().encode("[1]") });
    expect(codec.decoded).toBe(0);
    expect(await store.getMany(["key", "key"])).toEqual([[1], [1]]);
    expect(codec.decoded).toBe(1);
  });

  test("that came decoded are encoded with the store's codec", async () => {
    await using store = await MemoryStore.open({ codec: ednText() });
    await store.set("key", [1]);
    const [entry, none] = await store.getMany(["key", "none"], { encoded: true });
    expect(new TextDecoder().decode(entry?.value.bytes)).toBe("[1]");
    expect(entry?.value.decode()).toEqual([1]);
    expect(none).toBeUndefined();
  });

  test("that came decoded cannot be had encoded from a store without codec", async () => {
    await using store = await MemoryStore.open();
    await store.set("key", [1]);
    await expect(store.get("key", { encoded: true })).rejects.toThrow(TypeError);
    expect(await store.get("none", { encoded: true })).toBeUndefined();
  });

  test("of type binary are their bytes, whatever the codec", async () => {
    await using store = await MemoryStore.open({ codec: ednText() });
    await store.set("set", Uint8Array.of(1), { type: "binary" });
    await store.write([{ ...set("copied", binary(Uint8Array.of(2))), type: "binary" }]);
    const entries = await store.getMany(["set", "copied"], { encoded: true });
    expect(entries.map((entry) => entry?.value.codec)).toEqual(["binary", "binary"]);
    expect(entries.map((entry) => entry?.value.bytes)).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(2),
    ]);
    expect(await store.get("copied")).toEqual(Uint8Array.of(2));
  });

  test("that cannot be decoded fail when they are read, and may be replaced", async () => {
    await using store = await MemoryStore.open();
    await store.write([set("key", text("["))]);
    await expect(store.get("key")).rejects.toMatchObject({ code: "EDN_SYNTAX" });
    expect(await store.has("key")).toBe(true);
    await store.set("key", 1);
    expect(await store.get("key")).toBe(1);
  });
});

describe("commits", () => {
  test("operations are applied in order", async () => {
    await using store = await MemoryStore.open();
    await store.write([set("a", 1), { op: "delete", key: "a" }, set("b", 1), set("b", 2)]);
    expect(await store.getMany(["a", "b"])).toEqual([undefined, 2]);
  });

  test("another value under an immutable key is refused, and with it the whole commit", async () => {
    await using store = await MemoryStore.open();
    await store.set("node", [1], { immutable: true });
    const error = { code: "IMMUTABLE_CHANGED" };
    for (const operation of [
      set("node", [2]),
      set("node", text("[2]")),
      { ...set("node", Uint8Array.of(1)), type: "binary" } as const,
    ]) {
      await expect(store.write([set("other", 1), operation])).rejects.toMatchObject(error);
    }
    const twice = { ...set("new", 1), immutable: true };
    await expect(store.write([twice, set("new", 2)])).rejects.toMatchObject(error);
    expect(await store.getMany(["node", "other", "new"])).toEqual([[1], undefined, undefined]);
  });

  test("the same value under an immutable key changes nothing, however it is spelled", async () => {
    await using store = await MemoryStore.open();
    await store.set("node", [1], { immutable: true, lastWrite: 5 });
    await store.set("node", [1]);
    await store.write([set("node", text("[1]"))]);
    expect(await store.getMeta("node")).toEqual({ type: "edn", lastWrite: 5, immutable: true });
  });

  test("an immutable key may be deleted, and then set again", async () => {
    await using store = await MemoryStore.open();
    await store.set("node", 1, { immutable: true });
    await store.write([{ op: "delete", key: "node" }, set("node", 2)]);
    expect(await store.get("node")).toBe(2);
  });

  test("misuse is refused, and with it the whole commit", async () => {
    await using store = await MemoryStore.open();
    const wrong: readonly Operation[] = [
      set("a", undefined as unknown as Edn),
      set("a", {} as unknown as Edn),
      set(new Map() as unknown as Edn, 1),
      { ...set("a", "text"), type: "binary" },
      set("a", binary(Uint8Array.of(1))),
    ];
    for (const operation of wrong) {
      await expect(store.write([set("other", 1), operation])).rejects.toThrow(TypeError);
    }
    expect(await listed(store)).toEqual([]);
  });

  test("any sequence of commits gives what a map would", async () => {
    const key = keyArbitrary(fc);
    const operation = fc.oneof(
      fc.record({
        op: fc.constant("set" as const),
        key,
        value: ednArbitrary(fc, { maxDepth: 1, maxLength: 3 }),
        lastWrite: fc.nat(),
        immutable: fc.boolean(),
      }),
      fc.record({ op: fc.constant("delete" as const), key }),
    );
    const commits = fc.array(fc.array(operation, { maxLength: 5 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(commits, async (written) => {
        await using store = await MemoryStore.open();
        let model = new Map<string, KeyEntry & { value: Edn }>();
        for (const commit of written) {
          const next = applied(model, commit);
          const done = await store.write(commit).then(
            () => true,
            () => false,
          );
          expect(done).toBe(next !== undefined);
          model = next ?? model;
          await expectSame(store, model, commit);
        }
      }),
      { numRuns: cases(2_000), seed },
    );
  });
});

describe("keys", () => {
  test("each key that was there throughout comes once, however others change meanwhile", async () => {
    await using store = await MemoryStore.open();
    for (let key = 0; key < 20; key++) await store.set(key, key);
    const seen: Edn[] = [];
    for await (const { key } of store.keys()) {
      seen.push(key);
      const odd = 2 * seen.length - 1;
      await store.write([
        { op: "delete", key: odd % 20 },
        set((odd - 2) % 20, "again"),
        set(-odd, 1),
      ]);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]));
  });

  test("an iteration may be left", async () => {
    await using store = await MemoryStore.open();
    await store.write([set(1, 1), set(2, 2)]);
    for await (const { key } of store.keys()) {
      expect(key).toBe(1);
      break;
    }
    expect(await listed(store)).toHaveLength(2);
  });
});

describe("closing and cancelling", () => {
  test("a closed store refuses everything, however often it is closed", async () => {
    const store = await MemoryStore.open();
    await store.write([set(1, 1), set(2, 2)]);
    const keys = store.keys();
    await keys.next();
    await Promise.all([store.close(), store.close()]);
    const error = { code: "STORE_CLOSED" };
    for (const call of reads(store)) await expect(call({})).rejects.toMatchObject(error);
    await expect(keys.next()).rejects.toMatchObject(error);
    await expect(store.set(1, 1)).rejects.toMatchObject(error);
    await expect(store.write([])).rejects.toMatchObject(error);
    await expect(store.close()).resolves.toBeUndefined();
  });

  test("an aborted signal rejects with its reason", async () => {
    await using store = await MemoryStore.open();
    await store.write([set(1, 1), set(2, 2)]);
    const reason = new Error("enough");
    for (const call of reads(store)) {
      await expect(call({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    }
    const controller = new AbortController();
    const keys = store.keys({ signal: controller.signal });
    await keys.next();
    controller.abort(reason);
    await expect(keys.next()).rejects.toBe(reason);
  });
});

type Model = Map<string, KeyEntry & { value: Edn }>;

/** What a map holds after a commit, or `undefined` where the commit must be refused. */
function applied(model: Model, commit: readonly Operation[]): Model | undefined {
  const next: Model = new Map(model);
  for (const operation of commit) {
    const id = identity(operation.key);
    if (operation.op === "delete") {
      next.delete(id);
      continue;
    }
    const { key, lastWrite = 0, immutable = false } = operation;
    const value = operation.value as Edn;
    const known = next.get(id);
    if (known?.immutable !== true) next.set(id, { key, value, type: "edn", lastWrite, immutable });
    else if (identity(known.value) !== identity(value)) return undefined;
  }
  return next;
}

async function expectSame(store: MemoryStore, model: Model, commit: readonly Operation[]) {
  const keys = [...commit.map(({ key }) => key), ...Array.from(model.values(), ({ key }) => key)];
  const expected = keys.map((key) => model.get(identity(key)));
  const told = (value: Edn | undefined) => (value === undefined ? "absent" : identity(value));
  expect((await store.getMany(keys)).map(told)).toEqual(
    expected.map((entry) => told(entry?.value)),
  );
  const known = await Promise.all(keys.map((key) => store.has(key)));
  expect(known).toEqual(expected.map((entry) => entry !== undefined));
  const entries = (await listed(store)).map(({ key, ...meta }) => [identity(key), meta]);
  expect(new Map(entries as [string, unknown][])).toEqual(
    new Map(Array.from(model, ([id, { key: _key, value: _value, ...meta }]) => [id, meta])),
  );
  expect(entries).toHaveLength(model.size);
}

/** Every way to read, of which each must end alike. */
function reads(store: MemoryStore): ((options: { signal?: AbortSignal }) => Promise<unknown>)[] {
  return [
    (options) => store.get(1, options),
    (options) => store.get(1, { ...options, encoded: true }),
    (options) => store.getMany([], options),
    (options) => store.getMeta(1, options),
    (options) => store.has(1, options),
    (options) => store.keys(options).next(),
  ];
}

async function listed(store: MemoryStore): Promise<KeyEntry[]> {
  const entries: KeyEntry[] = [];
  for await (const entry of store.keys()) entries.push(entry);
  return entries;
}

function set(key: Edn, value: Edn | Encoded): Operation & { readonly op: "set" } {
  return { op: "set", key, value };
}

function text(edn: string): Encoded {
  return encoded(ednText(), new TextEncoder().encode(edn));
}

/** The text of EDN, and how often it was decoded. */
function ednText(): Codec & { decoded: number } {
  return {
    name: "edn",
    lossy: [],
    decoded: 0,
    encode: (value) => new TextEncoder().encode(print(value)),
    decode(bytes): Edn {
      this.decoded++;
      return read(new TextDecoder().decode(bytes));
    },
  };
}
