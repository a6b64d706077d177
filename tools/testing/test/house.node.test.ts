import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

test.each(["packages", "apps"])("the README has a line for everything in %s", async (folder) => {
  const readme = await readFile(`${ROOT}/README.md`, "utf8");
  const linked = [...readme.matchAll(LINKED)].filter(([, where]) => where === folder);
  const inhabitants = (await readdir(`${ROOT}/${folder}`)).toSorted();
  expect(linked.map(([, , name = ""]) => name).toSorted()).toEqual(inhabitants);
});

/** The first column of a table's row, which may name two. */
const LINKED = /(?<=^\|.*?)\[`[a-z-]+`\]\((packages|apps)\/([a-z-]+)[^)]*\)(?=[^|]*\|)/gm;
