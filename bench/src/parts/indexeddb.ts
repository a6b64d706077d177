/** What a store in IndexedDB costs, in Chromium. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { build, type Rollup } from "vite";
import type { MeasureOptions, Row } from "./measure.ts";

/** Times `indexeddb-page.ts` in a page of its own. */
export async function measureIndexedDb(options: MeasureOptions): Promise<Row[]> {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : "<!doctype html><script src=/page.js></script>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath });
  try {
    const page = await browser.newPage();
    // `as`: it listens at a port.
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await page.evaluate(`measureInPage(${JSON.stringify(options)})`);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL("indexeddb-page.js", import.meta.url)),
        formats: ["iife"],
        name: "page",
        fileName: "page",
      },
    },
  });
  // `as`: one format gives one output, and none is watched.
  const [{ output }] = built as [Rollup.RollupOutput];
  return output[0].code;
}
