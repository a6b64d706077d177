/** Failures of power, at every operation of the disk. */
import { cases, Random } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { node, Run, set } from "./interrupted-run.ts";
import { ModelDisk } from "./model-disk.ts";
import { ModelStore } from "./model-store.ts";
import { STORE_ID } from "./numbered.ts";

describe("when the power fails", () => {
  test("a commit is there as a whole or not at all, and what was acknowledged is there", async () => {
    let failures = 0;
    for (let number = 0; number < cases(40); number++) {
      const whole = new Run(number);
      await whole.write();
      for (let failAt = number % 2; failAt < whole.disk.operations; failAt += 2) {
        const run = new Run(number, failAt);
        await run.write();
        await run.checkFolder();
        await run.checkStore();
        failures++;
      }
    }
    expect(failures).toBeGreaterThan(cases(1_200));
  });

  test("while a store is erased, there is all of it or nothing, and no standing without its entries", async () => {
    const outcomes = new Set<string>();
    for (let failAt = 0; ; failAt++) {
      const random = new Random(failAt);
      const disk = new ModelDisk({ random: () => random.next() });
      const store = await ModelStore.on(disk.open());
      const standing = { storeId: STORE_ID, was: 0, now: { position: 1 } };
      await store.write([set("pointer", ["n"]), node("n"), set("c", 1)], { standing });
      disk.failAt = disk.operations + failAt;
      const failed = disk.whenFailed().then(() => "failed");
      const ended = await Promise.race([failed, store.destroy().then(() => "erased")]);
      if (ended === "erased") break;
      disk.failAt = disk.operations + (failAt % 9);
      await Promise.race([disk.whenFailed(), ModelStore.on(disk.open())]);
      disk.crash();
      disk.failAt = Number.POSITIVE_INFINITY;
      const next = await ModelStore.on(disk.open());
      const isThere = await Promise.all(["pointer", "n", "c"].map((key) => next.has(key)));
      isThere.push((await next.standing(STORE_ID)) !== undefined);
      outcomes.add(isThere.join(" "));
      await next.set("later", 1);
      await next.close();
      expect(await (await ModelStore.on(disk.open())).get("later")).toBe(1);
    }
    expect(outcomes).toEqual(new Set(["true true true true", "false false false false"]));
  });

  test("again and again while what is left is finished, it is finished in the end", async () => {
    for (let number = 0; number < cases(200); number++) {
      const run = new Run(number, 80 + (number % 40));
      await run.write();
      for (let times = 0; times < 5; times++) {
        run.disk.failAt = run.disk.operations + (number % 11);
        await Promise.race([run.disk.whenFailed(), ModelStore.on(run.disk.open())]);
        run.disk.crash();
        await run.checkFolder();
      }
      await run.checkStore();
      expect(run.commits).toBeGreaterThan(0);
    }
  });

  test("a pointer is never there before its nodes, in whatever order names come to the disk", async () => {
    const nodes = ["n1", "n2", "n3"];
    const commit = [set("pointer", nodes), ...nodes.map(node)];
    let pointers = 0;
    const whole = new ModelDisk({ random: () => 0 });
    const written = await ModelStore.on(whole.open());
    const begun = whole.operations;
    await written.write(commit);
    const operations = whole.operations - begun;
    for (let number = 0; number < 400; number++) {
      const random = new Random(number);
      const disk = new ModelDisk({ random: () => random.next() });
      const store = await ModelStore.on(disk.open());
      // Near the end, where files are moved.
      disk.failAt = disk.operations + operations - 1 - (number % 20);
      await Promise.race([disk.whenFailed(), store.write(commit)]);
      disk.failAt = Number.POSITIVE_INFINITY;
      disk.crash();
      const reader = await ModelStore.on(disk.open(), { readOnly: true });
      if (!(await reader.has("pointer"))) continue;
      pointers++;
      expect(await reader.getMany(nodes), `case ${number}`).not.toContain(undefined);
    }
    expect(pointers).toBeGreaterThan(40);
    expect(pointers).toBeLessThan(360);
  });

  test("a delete that was made is not made again, over what came under its key later", async () => {
    // Nothing is left of what was not synced.
    const disk = new ModelDisk({ random: () => 0 });
    const store = await ModelStore.on(disk.open());
    await store.write([set("a", 1), set("b", 1)]);
    await store.write([
      { op: "delete", key: "a" },
      { op: "delete", key: "b" },
    ]);
    await store.set("a", 2);
    disk.crash();
    expect(await (await ModelStore.on(disk.open())).get("a")).toBe(2);
  });
});
