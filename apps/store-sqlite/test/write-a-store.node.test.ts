import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

test("the code in docs/write-a-store.md is that of this example", async () => {
  const guide = await readFile(new URL("../../../docs/write-a-store.md", import.meta.url), "utf8");
  const blocks = [...guide.matchAll(/^```ts (\S*)\n(.*?)^```$/gms)];
  expect(blocks.length).toBeGreaterThan(10);
  expect(blocks).toHaveLength([...guide.matchAll(/^```\S/gm)].length);
  for (const [, file = "", code = ""] of blocks) {
    expect(await readFile(new URL(`../${file}`, import.meta.url), "utf8")).toContain(code);
  }
});
