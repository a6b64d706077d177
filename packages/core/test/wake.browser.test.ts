import { SYSTEM_WAKE } from "@datahike-sync/core";
import { expect, test } from "vitest";

test("a page wakes when it comes online or into view, and nobody is told who has left", () => {
  let wakes = 0;
  const stop = SYSTEM_WAKE(() => wakes++);
  globalThis.dispatchEvent(new Event("online"));
  expect(wakes).toBe(1);
  expect(document.visibilityState).toBe("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  expect(wakes).toBe(2);
  stop();
  globalThis.dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange"));
  expect(wakes).toBe(2);
});
