import { type Keyword, keyword, symbol } from "@datahike-sync/edn";
import { expect, test } from "vitest";

test("keywords are interned", () => {
  expect(keyword("a/b")).toBe(keyword("a", "b"));
  expect(keyword("a")).toBe(keyword(null, "a"));
  expect(keyword("")).toBe(keyword(null, ""));
  expect(keyword("a")).not.toBe(keyword("b"));
  expect(keyword("", "a")).not.toBe(keyword("a"));
});

test.each<[text: string, namespace: string | null, name: string]>([
  ["a", null, "a"],
  ["a/b", "a", "b"],
  ["a/b/c", "a", "b/c"],
  ["/", null, "/"],
  ["a//", "a", "/"],
  ["", null, ""],
  ["a/", "a", ""],
  ["/a", null, "/a"],
])("%j is split at its first slash", (text, namespace, name) => {
  expect([keyword(text).namespace, keyword(text).name]).toEqual([namespace, name]);
  expect([symbol(text).namespace, symbol(text).name]).toEqual([namespace, name]);
  expect(keyword(text).toString()).toBe(`:${text}`);
  expect(symbol(text).toString()).toBe(text);
});

test("keywords and symbols cannot be changed", () => {
  for (const name of [keyword("a"), symbol("a")]) {
    expect(() => Object.assign(name, { name: "b" })).toThrow(TypeError);
  }
});

test("another copy of this package shares the interned keywords", async () => {
  const copy: { keyword: (text: string) => Keyword } = await import(
    /* @vite-ignore */ `${new URL("../src/name.ts", import.meta.url).href}?copy`
  );
  expect(copy.keyword).not.toBe(keyword);
  const made = copy.keyword("other/copy");
  expect(keyword("other/copy")).toBe(made);
});
