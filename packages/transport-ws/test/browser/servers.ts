/** What the tests in Chromium dial: in Node, for as long as they run. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext } from "@datahike-sync/core";
import { MemoryStore } from "@datahike-sync/store-memory";
import { listen, type WsTransport } from "@datahike-sync/transport-ws/server";
import type { TestProject } from "vitest/node";
import { Relay } from "./relay.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Without its protocol: `/relay`, `/lines` and `/shop` take lines, `/cut` cuts them. */
    transportWs: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const relay = new Relay();
  const http = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/cut") relay.cut(searchParams.get("pair") ?? "");
    if (pathname === "/cut-shop") for (const line of shopLines) line.break();
    response.end();
  });
  http.on("upgrade", (request, socket, head) => relay.take(request, socket, head));
  const lines = await listen({
    server: http,
    path: "/lines",
    origins: "*",
    authenticate: ({ token }) => {
      if (token === "expires") return { principal: token, expiresAt: new Date(Date.now() + 200) };
      return token === "refused" ? undefined : { principal: token };
    },
  });
  lines.onConnection(obey);
  const { shopLines, close } = await openShop(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  // `as`: it listens at a port.
  project.provide("transportWs", `127.0.0.1:${(http.address() as AddressInfo).port}`);
  return async () => {
    await Promise.all([lines.close(), close()]);
    relay.close();
    http.closeAllConnections();
    http.close();
  };
}

/** Says who it takes the other side for, and does what that says. */
function obey(line: WsTransport): void {
  const said = (text: string) => line.send(new TextEncoder().encode(text)).catch(() => undefined);
  line.onMessage((message) => {
    const text = new TextDecoder().decode(message);
    if (text === "who am I") void said(`${line.peer.principal}`);
    else if (text === "break") line.break();
    else if (text.startsWith("close ")) void line.close(text.slice("close ".length), "as you said");
    else void line.send(message).catch(() => undefined);
  });
}

/** A primary that gets another commit every 20 ms. */
async function openShop(
  server: ReturnType<typeof createServer>,
): Promise<{ shopLines: Set<WsTransport>; close: () => Promise<void> }> {
  const codec = msgpackCodec();
  const store = await MemoryStore.open({ codec });
  const operations = Array.from({ length: 2000 }, (_, i) => {
    return { op: "set" as const, key: `key ${i}`, value: i };
  });
  await store.write(operations);
  const context = createSyncContext({ codec });
  context.registerStore(store, { id: "shop" });
  const lines = await listen({ server, path: "/shop", origins: "*" });
  const shopLines = new Set<WsTransport>();
  lines.onConnection((line) => {
    shopLines.add(line);
    line.onClose(() => shopLines.delete(line));
  });
  context.serve(lines);
  let count = 0;
  const timer = setInterval(() => void store.set("count", ++count), 20);
  const close = async () => {
    clearInterval(timer);
    await context.close();
    await lines.close();
  };
  return { shopLines, close };
}
