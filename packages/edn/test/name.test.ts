import { equals, keyword } from "@datahike-sync/edn";
import { cases } from "@datahike-sync/testing";
import { expect, test } from "vitest";

test("keywords are interned", () => {
  expect(keyword("a/b")).toBe(keyword("a", "b"));
  expect(equals(keyword("a"), keyword("b"))).toBe(false);
  expect(cases(10)).toBe(1);
});
