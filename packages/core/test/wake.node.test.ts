import { SYSTEM_WAKE } from "@datahike-sync/core";
import { expect, test } from "vitest";

test("where there is no page nothing wakes, and nothing is kept", () => {
  expect(SYSTEM_WAKE(() => undefined)()).toBeUndefined();
});
