import { expect, test } from "vitest";
import { repeat } from "../src/page/repeat.ts";

const unexpected = (error: unknown) => expect.unreachable(String(error));

test("a job that is asked for while it runs runs once more, however often, and never twice at a time", async () => {
  let [runs, running, most] = [0, 0, 0];
  let finish = () => {};
  const ask = repeat(async () => {
    runs++;
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    running--;
  }, unexpected);
  ask();
  ask();
  ask();
  expect(runs).toBe(1);
  finish();
  await expect.poll(() => runs).toBe(2);
  finish();
  await expect.poll(() => running).toBe(0);
  ask();
  expect([runs, most]).toEqual([3, 1]);
});

test("a job that fails tells why, and runs again when it is asked for", async () => {
  const errors: unknown[] = [];
  const ask = repeat(
    () => Promise.reject(new Error("no")),
    (error) => errors.push(error),
  );
  ask();
  await expect.poll(() => errors.length).toBe(1);
  ask();
  await expect.poll(() => errors.length).toBe(2);
  expect(errors).toEqual([new Error("no"), new Error("no")]);
});
