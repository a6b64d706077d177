import { jwtAuthenticator } from "@datahike-sync/auth-jwt";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { listen, NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { expect, onTestFinished, test } from "vitest";
import { AUDIENCE, SECRET, token } from "./issuers.ts";

const ISSUER = "https://shared";

test("a line over WebSocket is its bearer's until the token expires, and nobody's with another", async () => {
  const issuers = [{ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }];
  const authenticate = jwtAuthenticator({ issuers, clockToleranceMs: 0 });
  const server = await listen({ host: "127.0.0.1", authenticate });
  onTestFinished(() => server.close());
  const principals: unknown[] = [];
  server.onConnection(({ peer }) => principals.push(peer.principal));
  const closeOf = async (text: string) => {
    const line = await wsDialer(server.address, { WebSocket: NodeWebSocket, token: () => text })();
    return new Promise((resolve) => {
      line.onClose(resolve);
    });
  };
  expect(await closeOf("forged")).toEqual({ code: "UNAUTHORIZED" });
  expect(principals).toEqual([]);
  const short = await token(SECRET, ISSUER, { expiresIn: 4 });
  expect(await closeOf(short)).toMatchObject({ code: "UNAUTHORIZED" });
  expect(principals).toMatchObject([{ sub: "ada", iss: ISSUER }]);
  expect(await closeOf(short), "once expired it opens no line").toEqual({ code: "UNAUTHORIZED" });
  expect(principals.length).toBe(1);
});
