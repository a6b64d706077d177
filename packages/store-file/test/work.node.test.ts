import { describe, expect, test } from "vitest";
import { inOrder, Work } from "../src/work.ts";

describe("jobs", () => {
  test("run so many at a time, all of them, in the order in which they came", async () => {
    const work = new Work(3);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const job = async (number: number) => {
      begun.push(number);
      most = Math.max(most, ++running);
      for (let turn = 0; turn < number % 5; turn++) await Promise.resolve();
      running--;
      return number;
    };
    const numbers = Array.from({ length: 50 }, (_, number) => number);
    const results = await Promise.all(numbers.map((number) => work.run(() => job(number))));
    expect(results).toEqual(numbers);
    expect(begun).toEqual(numbers);
    expect(most).toBe(3);
  });

  test("one that fails makes room for the next", async () => {
    const work = new Work(1);
    const failing = work.run(() => Promise.reject(new Error("no")));
    const next = work.run(() => Promise.resolve("yes"));
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });

  test("one that is aborted while it waits never begins, and makes room", async () => {
    const work = new Work(1);
    const { promise, resolve } = deferred();
    const first = work.run(() => promise);
    const controller = new AbortController();
    const second = work.run(() => expect.fail("begun"), controller.signal);
    const third = work.run(() => Promise.resolve("third"));
    const reason = new Error("enough");
    controller.abort(reason);
    resolve();
    await first;
    await expect(second).rejects.toBe(reason);
    expect(await third).toBe("third");
  });

  test("those that were accepted before closing run to their end, and closing waits", async () => {
    const work = new Work(1);
    const { promise, resolve } = deferred();
    const ended: string[] = [];
    void work.run(async () => {
      await promise;
      ended.push("first");
    });
    void work.run(async () => ended.push("second"));
    const closing = work.close().then(() => ended.push("closed"));
    await expect(work.run(() => expect.fail("begun"))).rejects.toMatchObject({
      code: "STORE_CLOSED",
    });
    expect(ended).toEqual([]);
    resolve();
    await closing;
    expect(ended).toEqual(["first", "second", "closed"]);
    await expect(work.close()).resolves.toBeUndefined();
  });
});

describe("in order", () => {
  test("results come in the order of the items, whichever is ready first", async () => {
    const job = async (item: number) => {
      for (let turn = 0; turn < 10 - item; turn++) await Promise.resolve();
      return item * 2;
    };
    const results: number[] = [];
    for await (const result of inOrder([1, 2, 3, 4, 5], 2, job)) results.push(result);
    expect(results).toEqual([2, 4, 6, 8, 10]);
  });

  test("no more are begun than the reader is behind", async () => {
    let begun = 0;
    const results = inOrder(Array.from({ length: 10 }), 4, async () => ++begun);
    await results.next();
    expect(begun).toBe(4);
    await results.next();
    expect(begun).toBe(5);
    await results.return(undefined);
  });

  test("an error comes in its turn, and one that nobody waits for is not unhandled", async () => {
    const job = (item: string) =>
      item === "ok" ? Promise.resolve(item) : Promise.reject(new Error(item));
    const results = inOrder(["ok", "first", "second"], 3, job);
    expect(await results.next()).toEqual({ done: false, value: "ok" });
    await expect(results.next()).rejects.toThrow("first");
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
