import { uuid } from "@datahike-sync/edn";
import { squuid } from "@datahike-sync/hasch";
import { expect, test } from "vitest";

test("the first 32 bits are the seconds since the epoch, the others those of the argument", () => {
  const before = Math.floor(Date.now() / 1000);
  const made = squuid(uuid("00000000-89ab-4cde-8f01-23456789abcd")).toString();
  const after = Math.floor(Date.now() / 1000);
  expect(made.slice(8)).toBe("-89ab-4cde-8f01-23456789abcd");
  const seconds = Number.parseInt(made.slice(0, 8), 16);
  expect(seconds).toBeGreaterThanOrEqual(before);
  expect(seconds).toBeLessThanOrEqual(after);
});

test("without an argument the rest is random, of version 4", () => {
  const [a, b] = [squuid().toString(), squuid().toString()];
  expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(a).not.toBe(b);
});
