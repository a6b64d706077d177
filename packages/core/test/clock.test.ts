import { SYSTEM_CLOCK } from "@datahike-sync/core";
import { expect, test } from "vitest";

test("a timer that is set for longer than the platform knows does not fire at once", async () => {
  let fired = 0;
  const stops = [2 ** 31, 2 ** 53].map((delayMs) => SYSTEM_CLOCK.after(delayMs, () => fired++));
  await new Promise<void>((resolve) => void SYSTEM_CLOCK.after(20, resolve));
  for (const stop of stops) stop();
  expect(fired).toBe(0);
});
