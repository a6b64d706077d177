/** Folders as primaries and as replicas. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { createSyncContext, type Store } from "@datahike-sync/core";
import { print, type Uuid, uuid } from "@datahike-sync/edn";
import { FileStore } from "@datahike-sync/store-file";
import { ChildProgram } from "@datahike-sync/testing/kill";
import { describe, expect, test } from "vitest";
import { makeLine } from "./line.ts";
import { nodesOf, numberOf, ROOT, TREE_WALKER, treeCommit } from "./tree.ts";

const codec = fressianCodec();
const STORE: Uuid = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
const limits = { pollMs: 20 };

describe("a folder that another process writes", () => {
  test("is followed by a replica in another folder, which others read meanwhile", async () => {
    await using place = await Place.make();
    const program = await ChildProgram.make(new URL("./tree-worker.ts", import.meta.url));
    await using _program = program;
    const writer = program.start(place.file("primary"));
    const written = writer.lines()[Symbol.asyncIterator]();
    await written.next();
    const primary = await FileStore.open({ path: place.file("primary"), codec, readOnly: true });
    const replica = await FileStore.open({ path: place.file("replica"), codec });
    const reader = await FileStore.open({ path: place.file("replica"), codec, readOnly: true });
    await using sync = follow(primary, replica);
    const seen = new Set<number>();
    while (seen.size < 5) {
      await written.next();
      seen.add(await checkWhole(reader));
    }
    writer.kill();
    for await (const _ of { [Symbol.asyncIterator]: () => written });
    const last = numberOf(await primary.get(ROOT));
    expect(last).toBeGreaterThan(5);
    await expect.poll(() => checkWhole(reader), { timeout: 20_000 }).toBe(last);
    await sync.subscription.prune();
    expect(await replica.getMeta(ROOT)).toMatchObject({ origin: STORE });
    expect(await listed(replica)).toEqual(await listed(primary));
    await Promise.all([primary.close(), reader.close()]);
  });
});

describe("a replica in a folder", () => {
  test("stands where it stood when it is opened again, and goes on from there", async () => {
    await using place = await Place.make();
    const primary = await FileStore.open({ path: place.file("primary"), codec });
    const path = place.file("replica");
    for (let number = 1; number <= 4; number++) {
      await primary.write(treeCommit(number));
      await using replica = await FileStore.open({ path, codec });
      const before = (await replica.standing(STORE))?.revision ?? 0;
      await using sync = follow(primary, replica);
      await sync.subscription.synced();
      expect(await checkWhole(replica)).toBe(number);
      expect((await replica.standing(STORE))?.revision).toBeGreaterThan(before);
    }
    await primary.close();
  });

  test("that is opened for reading only cannot follow", async () => {
    await using place = await Place.make();
    await (await FileStore.open({ path: place.file("replica"), codec })).close();
    const store = await FileStore.open({ path: place.file("replica"), codec, readOnly: true });
    expect(() => follow(store, store)).toThrow(TypeError);
  });
});

function follow(primary: Store, replica: Store) {
  const [near, far] = makeLine();
  const context = createSyncContext({ codec, limits });
  context.registerStore(primary, STORE, { walker: TREE_WALKER });
  const client = createSyncContext({ codec, limits });
  const options = { walker: TREE_WALKER, prune: "unreachable" } as const;
  const subscription = client.subscribe(near, STORE, replica, options);
  context.accept(far);
  const close = async () => {
    await client.close();
    await context.close();
    await replica.close();
  };
  return { subscription, [Symbol.asyncDispose]: close };
}

/** Resolves to the number of the commit that is there: all of it, however it got there. */
async function checkWhole(store: Store): Promise<number> {
  for (;;) {
    const root = await store.get(ROOT);
    const values = await store.getMany(nodesOf(root));
    // Another process may have moved on meanwhile, and deleted what nobody points to any more.
    if (values.includes(undefined) && numberOf(await store.get(ROOT)) !== numberOf(root)) continue;
    expect(values).not.toContain(undefined);
    return numberOf(root);
  }
}

async function listed(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.keys()) keys.push(print(key));
  return keys.sort();
}

class Place implements AsyncDisposable {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), "datahike-sync-")));
  }

  file(name: string): string {
    return join(this.#path, name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#path, { recursive: true, force: true });
  }
}
