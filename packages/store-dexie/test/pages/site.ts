/** A server with a page, and behind the page a primary whose lines are listened to. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type Store } from "@datahike-sync/core";
import { uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { listen } from "@datahike-sync/transport-ws/server";
import { build, type Rollup } from "vite";
import { WireTap } from "./wire-tap.ts";

export const STORE_ID = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";

export interface Site extends AsyncDisposable {
  readonly origin: string;
  readonly primary: Store;
  readonly wire: WireTap;
}

/** @param script What {@link bundle} made. */
export async function openSite(script: string): Promise<Site> {
  const codec = msgpackCodec();
  const http = createServer((request, response) => {
    const isScript = request.url === "/tab.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    // A document that may keep nothing, as in a private window of some browsers.
    if (request.url === "/sandboxed") {
      response.setHeader("content-security-policy", "sandbox allow-scripts");
    }
    response.end(isScript ? script : "<!doctype html><script src=/tab.js></script>");
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const primary = await MemoryStore.open({ codec });
  const wire = new WireTap(codec);
  const context = createSyncContext({ codec, dialect: wire.dialect });
  context.registerStore(primary, uuid(STORE_ID));
  const lines = await listen({ server: http });
  context.serve(lines);
  // `as`: it listens at a port.
  const { port } = http.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    primary,
    wire,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await lines.close();
      http.closeAllConnections();
      http.close();
    },
  };
}

/** What the page runs, as one script. */
export async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL("tab.ts", import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@datahike-sync/source", "module", "browser"] },
    build: {
      write: false,
      minify: false,
      lib: { entry, formats: ["iife"], name: "page", fileName: "tab" },
    },
  });
  // `as`: one format gives one output, and none is watched.
  const [{ output }] = built as [Rollup.RollupOutput];
  return output[0].code;
}
