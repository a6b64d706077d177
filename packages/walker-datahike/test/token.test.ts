import type { PointerState } from "@datahike-sync/core";
import { type Edn, identity, keyword, kindOf, randomUuid } from "@datahike-sync/edn";
import { STORES } from "@datahike-sync/fixtures";
import { MemoryStore } from "@datahike-sync/store-memory";
import { cases, mutate, Random } from "@datahike-sync/testing";
import { datahikeWalker, isDbRecord } from "@datahike-sync/walker-datahike";
import { describe, expect, test } from "vitest";
import { writeDatabase } from "./database.ts";
import { codec, goldenStore } from "./golden.ts";

const walker = datahikeWalker();

describe.each(STORES)("tokens of %s", (name) => {
  test("are small, differ by commit, and are found again by it", async () => {
    const store = await goldenStore(name);
    const tokens = new Map<string, Edn>();
    for await (const { key } of store.keys()) {
      const value = (await store.get(key)) ?? null;
      const token = walker.token(value);
      expect(token === undefined).toBe(!isDbRecord(value));
      if (token === undefined) continue;
      expect(codec.encode(token).length).toBeLessThanOrEqual(100);
      const found = await walker.resolve(store, token);
      expect(walker.token(found ?? null)).toEqual(token);
      expect(walker.children(found ?? null)).toEqual(walker.children(value));
      if (kindOf(key) === "uuid") tokens.set(identity(token), key);
    }
    expect(tokens.size).toBeGreaterThan(1);
  });
});

test("a commit whose record is gone, or is another now, is not found", async () => {
  const store = await MemoryStore.open();
  const commitId = randomUuid();
  const token = tokenOf(await writeDatabase(store, "db", { datoms: [], commitId }));
  expect(await walker.resolve(store, token)).toBeDefined();
  await writeDatabase(store, "db", { datoms: [], commitId });
  expect(await walker.resolve(store, token)).toBeUndefined();
  await store.write([{ op: "delete", key: commitId }]);
  expect(await walker.resolve(store, token)).toBeUndefined();
});

test("a record without a commit has a token, which finds nothing", async () => {
  const store = await MemoryStore.open();
  const token = tokenOf(await writeDatabase(store, "db", { datoms: [], commitId: null }));
  expect(kindOf(token)).toBe("bytes");
  expect(await walker.resolve(store, token)).toBeUndefined();
});

test("what is no token finds nothing, and no token finds what is no commit's record", async () => {
  const store = await MemoryStore.open();
  const secret = randomUuid();
  await store.set(secret, "secret");
  const token = tokenOf(await writeDatabase(store, "db", { datoms: [] })) as Uint8Array;
  const stolen = Uint8Array.from([...secret.toBytes(), ...token.slice(16)]);
  const hostile: Edn[] = [null, "token", [], stolen, new Uint8Array(24), new Uint8Array(1000)];
  for (const value of hostile) expect(await walker.resolve(store, value)).toBeUndefined();
  for (let number = 0; number < cases(1000); number++) {
    const mutant = mutate(token, new Random(number));
    const same = identity(mutant) === identity(token);
    expect((await walker.resolve(store, mutant)) !== undefined).toBe(same);
  }
});

test("a key is classified by itself, its metadata and the branches chosen", () => {
  const [branches, db, other] = [keyword("branches"), keyword("db"), keyword("other")];
  const chosen = datahikeWalker({ branches: [db] });
  for (const key of [branches, db, other]) expect(walker.classify(key)).toBe("pointer");
  expect([branches, db, other].map((key) => chosen.classify(key))).toEqual([
    "pointer",
    "pointer",
    "cell",
  ]);
  expect(walker.classify(randomUuid())).toBe("node");
  expect(walker.classify("text")).toBe("cell");
  expect(walker.classify("text", { immutable: true })).toBe("node");
});

function tokenOf({ value }: PointerState): Edn {
  const token = walker.token(value);
  if (token === undefined) throw new TypeError("no token");
  return token;
}
