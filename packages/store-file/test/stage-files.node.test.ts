/** What a crash leaves of a stage. */
import { readFile, truncate, writeFile } from "node:fs/promises";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Store } from "@datahike-sync/core";
import { FileStore } from "@datahike-sync/store-file";
import { describe, expect, test } from "vitest";
import { Folder } from "./folder.ts";
import { ModelDisk } from "./model-disk.ts";
import { ModelStore } from "./model-store.ts";
import { STORE_ID } from "./numbered.ts";

const codec = fressianCodec();

describe("a stage", () => {
  test("cut at any length has its first whole records, and takes others behind them", async () => {
    await using folder = await Folder.make();
    const path = folder.file("store");
    const file = `${path}.sync/stage-${STORE_ID.toString()}`;
    for (let cut = 0; cut < 3 * 12; cut++) {
      const store = await FileStore.open({ path, codec });
      await store.stage(STORE_ID).clear();
      await store.stage(STORE_ID).append([1, 2, 3].map((byte) => new Uint8Array(4).fill(byte)));
      await store.close();
      await truncate(file, cut);
      const again = await FileStore.open({ path, codec });
      const whole = [1, 2, 3].slice(0, Math.floor(cut / 12));
      expect(await firstsOf(again), `cut at ${cut}`).toEqual(whole);
      await again.stage(STORE_ID).append([Uint8Array.of(9)]);
      expect(await firstsOf(again), `cut at ${cut}`).toEqual([...whole, 9]);
      await again.close();
    }
  });

  test("of which a record is torn does not show those behind it again when it is replaced", async () => {
    await using folder = await Folder.make();
    const path = folder.file("store");
    const file = `${path}.sync/stage-${STORE_ID.toString()}`;
    const store = await FileStore.open({ path, codec });
    await store.stage(STORE_ID).append([1, 2, 3].map((byte) => Uint8Array.of(byte)));
    await store.close();
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(7, 17, 18));
    await using again = await FileStore.open({ path, codec });
    expect(await firstsOf(again)).toEqual([1]);
    await again.stage(STORE_ID).append([Uint8Array.of(9)]);
    expect(await firstsOf(again)).toEqual([1, 9]);
  });

  test("is on disk with the next commit, whatever that brings", async () => {
    for (const key of ["a", undefined]) {
      const disk = new ModelDisk({ random: () => 0 });
      const store = await ModelStore.on(disk.open());
      await store.stage(STORE_ID).append([Uint8Array.of(1), Uint8Array.of(2)]);
      await store.write(key === undefined ? [] : [{ op: "set", key, value: 1 }], { barrier: true });
      await store.stage(STORE_ID).append([Uint8Array.of(3)]);
      disk.crash();
      expect(await firstsOf(await ModelStore.on(disk.open()))).toEqual([1, 2]);
    }
  });
});

/** The first byte of each record. */
async function firstsOf(store: Store): Promise<number[]> {
  const firsts: number[] = [];
  for await (const [byte] of store.stage(STORE_ID).read()) firsts.push(byte ?? -1);
  return firsts;
}
