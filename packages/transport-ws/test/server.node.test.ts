import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { listen } from "@datahike-sync/transport-ws/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { closeOf, codeOf, dial, serve, text, texts } from "./ends.ts";

const MSGPACK = "datahike-sync.v1.msgpack";

describe("a server of its own", () => {
  test("has the address that its dialers take", async () => {
    const { server, next } = await serve({ path: "/lines" });
    expect(server.address).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/lines$/);
    const near = await dial(server.address);
    const far = await next();
    expect(near.peer).toEqual({ address: server.address });
    expect(far.peer).toEqual({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    await near.send(text("head "), text("body"));
    expect(await texts(far, 1)).toEqual(["head body"]);
  });

  test("at every address of a machine is told as the local one", async () => {
    const server = await listen();
    onTestFinished(() => server.close());
    expect(server.address).toMatch(/^ws:\/\/localhost:\d+$/);
  });

  test("rejects with the system's error when the port is taken", async () => {
    const { server } = await serve();
    const port = Number(new URL(server.address).port);
    expect(await codeOf(listen({ host: "127.0.0.1", port }))).toBe("EADDRINUSE");
  });

  test("closes its lines in order and frees its port", async () => {
    const { server, next } = await serve();
    const near = await dial(server.address);
    const far = await next();
    const ends = [closeOf(near), closeOf(far)];
    await server.close();
    expect(await Promise.all(ends)).toEqual([{}, { code: undefined, reason: undefined }]);
    expect(await codeOf(dial(server.address))).toBe("TRANSPORT_CLOSED");
    const port = Number(new URL(server.address).port);
    await serve({ port });
  });

  test("closes a line with INTERNAL when a listener of connections throws", async () => {
    const server = await listen({ host: "127.0.0.1" });
    onTestFinished(() => server.close());
    server.onConnection(() => {
      throw new Error("the listener's fault");
    });
    const near = await dial(server.address);
    expect(await closeOf(near)).toMatchObject({
      code: "INTERNAL",
      error: { code: "TRANSPORT_CLOSED" },
    });
  });

  test("answers 503 while nobody listens, 426 to who wants no WebSocket", async () => {
    const server = await listen({ host: "127.0.0.1" });
    onTestFinished(() => server.close());
    expect(await statusOf(server.address)).toBe(503);
    expect(await codeOf(dial(server.address))).toBe("TRANSPORT_CLOSED");
    const { status } = await fetch(server.address.replace("ws:", "http:"));
    expect(status).toBe(426);
  });
});

describe("an attached server", () => {
  test("takes its path, whatever the query, and leaves others to whoever takes them", async () => {
    const http = await httpServer();
    const address = addressOf(http);
    const { server, next } = await serve({ server: http, path: "/lines" });
    const other = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      if (request.url !== "/other") return;
      other.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.send("of the other");
        webSocket.close();
      });
    });
    expect(server.address).toBe(`${address}/lines`);
    const near = await dial(`${address}/lines?a=1`);
    await near.send(text("mine"));
    expect(await texts(await next(), 1)).toEqual(["mine"]);
    const theirs = await dial(`${address}/other`);
    // A text frame is no message of ours.
    expect(await closeOf(theirs)).toMatchObject({ error: { code: "PROTOCOL_VIOLATION" } });
  });

  test("answers 404 for a path that no server of ours takes, once", async () => {
    const http = await httpServer();
    const one = await serve({ server: http, path: "/one" });
    const two = await serve({ server: http, path: "/two" });
    expect(await statusOf(`${addressOf(http)}/three`)).toBe(404);
    for (const { server, next } of [one, two]) {
      const near = await dial(server.address);
      await near.send(text(server.address));
      expect(await texts(await next(), 1)).toEqual([server.address]);
    }
  });

  test("leaves the server as it was when it is closed", async () => {
    const http = await httpServer();
    const server = await listen({ server: http });
    await server.close();
    expect(http.listening).toBe(true);
    expect(http.listenerCount("upgrade")).toBe(0);
  });
});

describe("a request", () => {
  test("of a page of another host is refused with 403, unless its origin is allowed", async () => {
    const strict = await serve();
    const own = strict.server.address.replace("ws:", "http:");
    expect(await statusOf(strict.server.address, { origin: own })).toBe(101);
    expect(await statusOf(strict.server.address, { origin: "https://app.example" })).toBe(403);
    expect(await statusOf(strict.server.address, { origin: "null" })).toBe(403);
    const listed = await serve({ origins: ["https://app.example"] });
    expect(await statusOf(listed.server.address, { origin: "https://app.example" })).toBe(101);
    expect(await statusOf(listed.server.address, { origin: "https://app.example.evil" })).toBe(403);
    expect(await statusOf(listed.server.address, { origin: own })).toBe(403);
    const open = await serve({ origins: "*" });
    expect(await statusOf(open.server.address, { origin: "https://any.example" })).toBe(101);
  });

  test("that offers no protocol of the server's is refused with 400", async () => {
    const { server } = await serve({ protocols: ["datahike-sync.v1.edn", MSGPACK] });
    expect(await statusOf(server.address, {}, "datahike-sync.v1.cbor")).toBe(400);
    expect(await statusOf(server.address, {}, "")).toBe(400);
    expect(await statusOf(server.address, {}, `x, ${MSGPACK}`)).toBe(101);
  });

  test("gets the protocol that the server likes best", async () => {
    const { server } = await serve({ protocols: ["datahike-sync.v1.edn", MSGPACK] });
    const offered = `${MSGPACK}, datahike-sync.v1.edn`;
    const { headers } = await answerOf(server.address, {}, offered);
    expect(headers["sec-websocket-protocol"]).toBe("datahike-sync.v1.edn");
  });

  test("that is not well formed is answered, and takes nothing down", async () => {
    const { server } = await serve();
    expect(await statusOf(server.address, { "sec-websocket-key": "short" })).toBe(400);
    expect(await statusOf(server.address, { "sec-websocket-version": "1" })).toBe(400);
    expect((await dial(server.address)).state).toBe("open");
  });

  test("gets compression only where both want it", async () => {
    const offer = { "sec-websocket-extensions": "permessage-deflate" };
    const plain = await answerOf((await serve()).server.address, offer);
    expect(plain.headers["sec-websocket-extensions"]).toBeUndefined();
    const { server } = await serve({ deflate: true });
    const deflated = await answerOf(server.address, offer);
    expect(deflated.headers["sec-websocket-extensions"]).toContain("permessage-deflate");
  });
});

async function httpServer(): Promise<Server> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return http;
}

function addressOf(http: Server): string {
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function statusOf(...request: Parameters<typeof answerOf>): Promise<number> {
  return (await answerOf(...request)).status;
}

/** What a request to become a WebSocket is answered. */
function answerOf(
  address: string,
  headers: Record<string, string> = {},
  protocols = MSGPACK,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(address.replace("ws:", "http:"), {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...(protocols !== "" && { "sec-websocket-protocol": protocols }),
        ...headers,
      },
    });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.on("response", (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.on("error", reject);
    request.end();
  });
}
