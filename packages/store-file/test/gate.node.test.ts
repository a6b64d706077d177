import { describe, expect, test } from "vitest";
import { Gate } from "../src/gate.ts";

describe("a change", () => {
  test("waits for the reads under way, and those that come wait for it", async () => {
    const gate = new Gate();
    const told: string[] = [];
    const [first, change] = [deferred(), deferred()];
    const all = [
      gate.read(() => first.promise.then(() => told.push("first read"))),
      gate.change(() => change.promise.then(() => told.push("change"))),
      gate.read(async () => told.push("second read")),
    ];
    change.resolve();
    await new Promise(setImmediate);
    expect(told).toEqual([]);
    first.resolve();
    await Promise.all(all);
    expect(told).toEqual(["first read", "change", "second read"]);
  });

  test("that fails lets the reads go on", async () => {
    const gate = new Gate();
    const failing = gate.change(() => Promise.reject(new Error("no")));
    const read = gate.read(async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await read).toBe("yes");
  });
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
