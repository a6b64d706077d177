import { storeConformance } from "@datahike-sync/conformance/store";
import { transportConformance } from "@datahike-sync/conformance/transport";
import { walkerConformance } from "@datahike-sync/conformance/walker";
import { openObjectStore } from "@datahike-sync/core";
import { keyword } from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { BRANCHES, toValue } from "../src/simulation/content.ts";
import { Gate } from "../src/simulation/gate.ts";
import { GatedStore } from "../src/simulation/gated-store.ts";
import { Life } from "../src/simulation/life.ts";
import { MemoryDisk } from "../src/simulation/memory-disk.ts";
import { Quiet } from "../src/simulation/quiet.ts";
import { SimLine } from "../src/simulation/sim-line.ts";
import { TEXT_CODEC } from "../src/simulation/text-codec.ts";
import { TreeWalker } from "../src/simulation/tree-walker.ts";

describe("a store behind a gate, on a disk in memory", () => {
  storeConformance({
    test,
    open: async ({ now }) => {
      const disk = new MemoryDisk();
      const gate = new Gate();
      const stop = pump(async () => {
        for (const call of gate.ready.slice(0, 1)) {
          gate.take(call);
          await call.run(async () => undefined);
        }
      });
      const open = async () => {
        const real = await openObjectStore(disk.open(), { codec: TEXT_CODEC, now });
        return new GatedStore(real, gate, new Life("somebody"));
      };
      return { open, dispose: async () => stop() };
    },
    gaps: {
      "own-values": "a call is made later, and nobody in a world changes what he gave",
      closed: "keys are read some at a time, and those that were read are given",
      aborted: "keys are read some at a time, and those that were read are given",
    },
    seed,
    runs: cases(300),
  });
});

describe("a line of the world", () => {
  transportConformance({
    test,
    open: async (limits) => {
      const [near, far] = [new Life("near"), new Life("far")];
      const world = {
        maxFrameBytes: limits?.maxFrameBytes ?? 2 ** 24,
        maxQueueBytes: limits?.maxQueueBytes ?? 2 ** 26,
        arrival: () => 0,
        onSent: () => undefined,
        onTaken: () => undefined,
      };
      const line = new SimLine("line", world, { dialer: near, server: far }, { address: "there" });
      const stop = pump(async () => {
        for (const end of line.ends) if (end.next !== undefined) end.arrive();
      });
      return {
        ends: line.ends,
        break: () => line.cut({ dialer: 0, server: 0 }, false),
        dispose: async () => stop(),
      };
    },
    seed,
    runs: cases(300),
  });
});

describe("the walker of the world", () => {
  walkerConformance({
    test,
    open: async () => {
      const store = await openObjectStore(new MemoryDisk().open(), { codec: TEXT_CODEC });
      const tree = [node("n1"), node("n2", "n1"), node("n3"), node("n4", "n2", "n3")];
      const pointers = [pointer(10, "n4"), pointer(11, "n2")];
      const names = toValue({ version: 12, kids: [], names: ["db", "dev"] });
      await store.write([
        ...tree,
        ...pointers.map(({ record }) => record),
        { op: "set", key: BRANCHES, value: names },
        { op: "set", key: keyword("db"), value: pointers[0]?.value ?? null },
        { op: "set", key: keyword("dev"), value: pointers[1]?.value ?? null },
      ]);
      return {
        store,
        walker: new TreeWalker(),
        states: pointers.map(({ value }) => [
          { key: BRANCHES, value: names },
          { key: keyword("db"), value },
        ]),
        dispose: () => store.close(),
      };
    },
    seed,
    runs: cases(300),
  });
});

/** Does something again and again, each time when all is quiet. Returns the stop function. */
function pump(job: () => Promise<void>): () => void {
  const quiet = new Quiet();
  let isOver = false;
  const run = async () => {
    while (!isOver) {
      await job();
      await quiet.wait();
    }
    quiet.end();
  };
  void run();
  return () => {
    isOver = true;
  };
}

function node(key: string, ...kids: string[]) {
  const value = toValue({ version: Number(key.slice(1)), kids });
  return { op: "set", key, value, immutable: true } as const;
}

function pointer(version: number, ...kids: string[]) {
  const record = `r${version}`;
  const value = toValue({ version, kids, record });
  return { value, record: { op: "set", key: record, value, immutable: true } as const };
}
