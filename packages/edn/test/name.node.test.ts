import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { keyword } from "@datahike-sync/edn";
import { expect, test } from "vitest";

const COUNT = 20_000;

/** How many keywords of a namespace are interned. */
function interned(namespace: string): number {
  const table: unknown = Reflect.get(globalThis, Symbol.for("@datahike-sync/edn/keywords"));
  const { keywords } = table as { keywords: Map<string | null, Map<string, unknown>> };
  return keywords.get(namespace)?.size ?? 0;
}

test("keywords that nobody holds any more are forgotten", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const held = keyword("passing", "held");
  for (let i = 0; i < COUNT; i++) keyword("passing", `name-${i}`);
  expect(interned("passing")).toBe(COUNT + 1);
  for (let turn = 0; turn < 100 && interned("passing") > 1; turn++) {
    await setImmediate();
    collectGarbage();
  }
  expect(interned("passing")).toBe(1);
  expect(keyword("passing/held")).toBe(held);
});
