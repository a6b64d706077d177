import type { AuthenticateRequest, Authentication } from "@datahike-sync/transport-ws/server";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { closeOf, codeOf, dial, serve, text, texts } from "./ends.ts";

const PROTOCOL = "datahike-sync.v1.msgpack";
const TOKEN = "datahike-sync.token";
const REFUSED = { code: "UNAUTHORIZED" };

describe("a token", () => {
  test("is the first frame, in no URL and no header, and makes the principal", async () => {
    const asked: AuthenticateRequest[] = [];
    const { server, next } = await serve({
      authenticate: (request) => {
        asked.push(request);
        return { principal: { name: request.token } };
      },
    });
    const near = await dial(`${server.address}/?room=1`, { token: "ada's secret" });
    await near.send(text("right behind"));
    const far = await next();
    expect(far.peer.principal).toEqual({ name: "ada's secret" });
    expect(await texts(far, 1)).toEqual(["right behind"]);
    expect(asked).toMatchObject([{ token: "ada's secret", url: "/?room=1" }]);
    expect(asked[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.stringify(asked[0]?.headers)).not.toContain("secret");
  });

  test("is asked for at each attempt", async () => {
    let count = 0;
    const { server, next } = await serve({ authenticate: ({ token }) => ({ principal: token }) });
    const token = async () => `token ${++count}`;
    for (const principal of ["token 1", "token 2"]) {
      await dial(server.address, { token });
      expect((await next()).peer.principal).toBe(principal);
    }
  });

  test("that is not to be had fails the attempt as it failed", async () => {
    const { server } = await serve();
    const fault = new Error("no network to the issuer");
    const token = () => {
      throw fault;
    };
    expect(await codeOf(dial(server.address, { token }))).toBe(fault);
  });

  test("in the header Authorization does too, before there is a WebSocket", async () => {
    const { server, next } = await serve({ authenticate: ({ token }) => ({ principal: token }) });
    const headers = { authorization: "Bearer of-a-program" };
    const socket = new WebSocket(server.address, PROTOCOL, { headers });
    expect((await next()).peer.principal).toBe("of-a-program");
    await numberOf(socket, () => socket.close());
  });

  test("is taken by a server that asks nobody who they are", async () => {
    const { server, next } = await serve();
    const near = await dial(server.address, { token: "unasked" });
    await near.send(text("hello"));
    const far = await next();
    expect([far.peer.principal, await texts(far, 1)]).toEqual([undefined, ["hello"]]);
  });

  test("may be long, and what is behind it waits, in order, while it is looked at", async () => {
    const question = deferred<Authentication>();
    const { server, next } = await serve({ authenticate: question.ask });
    const near = await dial(server.address, { token: "x".repeat(50_000) });
    const sent = Array.from({ length: 100 }, (_, i) => `${i} ${"y".repeat(10_000)}`);
    for (const message of sent) void near.send(text(message));
    await question.isAsked;
    question.answer({ principal: "late" });
    expect(await texts(await next(), 100)).toEqual(sent);
  });
});

describe("who is refused", () => {
  test("is told UNAUTHORIZED, whether no principal was found, or finding one failed", async () => {
    const answers = [
      () => undefined,
      async () => undefined,
      () => {
        throw new Error("the directory is down");
      },
      async () => {
        throw new Error("the directory is down");
      },
      () => ({ principal: "late", expiresAt: new Date(Date.now() - 1) }),
      () => ({ principal: "never", expiresAt: new Date(Number.NaN) }),
    ];
    for (const authenticate of answers) {
      const { server } = await serve({ authenticate });
      for (const options of [{}, { token: "t" }]) {
        expect(await closeOf(await dial(server.address, options))).toEqual(REFUSED);
      }
    }
  });

  test("is so when nobody knows in time", async () => {
    const { server } = await serve({
      authenticate: () => new Promise(() => {}),
      authenticateTimeoutMs: 50,
    });
    for (const options of [{}, { token: "t" }]) {
      expect(await closeOf(await dial(server.address, options))).toEqual(REFUSED);
    }
  });

  test("never reaches whoever listens for connections", async () => {
    const { server } = await serve({ authenticate: () => undefined });
    let count = 0;
    server.onConnection(() => count++);
    const near = await dial(server.address, { token: "t" });
    await near.send(text("let me in"));
    await closeOf(near);
    expect(count).toBe(0);
  });
});

describe("who announces a token", () => {
  test("and sends none is not waited for", async () => {
    const { server } = await serve({ authenticateTimeoutMs: 50 });
    expect(await numberOf(new WebSocket(server.address, [PROTOCOL, TOKEN]))).toBe(4001);
  });

  test("and sends another text, or a second token, is closed as who knows no protocol", async () => {
    const { server } = await serve();
    for (const frames of [["something else"], ["auth a", "auth b"]]) {
      const socket = new WebSocket(server.address, [PROTOCOL, TOKEN]);
      socket.on("open", () => {
        for (const frame of frames) socket.send(frame);
      });
      expect(await numberOf(socket)).toBe(4103);
    }
  });

  test("and sends more than a token is cut off, whatever a message may hold", async () => {
    const { server } = await serve({ authenticate: () => ({ principal: 1 }) });
    const socket = new WebSocket(server.address, [PROTOCOL, TOKEN]);
    socket.on("error", () => {});
    socket.on("open", () => socket.send(new Uint8Array(2 ** 20)));
    expect(await numberOf(socket)).toBe(1006);
  });

  test("and leaves before the answer is forgotten", async () => {
    const question = deferred<undefined>();
    const { server } = await serve({ authenticate: question.ask });
    const near = await dial(server.address, { token: "t" });
    await question.isAsked;
    near.break();
    question.answer(undefined);
    await server.close();
    expect(near.state).toBe("closed");
  });
});

describe("credentials that expire", () => {
  test("end the line with UNAUTHORIZED, at both ends", async () => {
    const expiresAt = new Date(Date.now() + 100);
    const { server, next } = await serve({ authenticate: () => ({ principal: 1, expiresAt }) });
    const near = await dial(server.address, { token: "t" });
    const far = await next();
    const close = { code: "UNAUTHORIZED", reason: "the credentials expired" };
    expect(await Promise.all([closeOf(near), closeOf(far)])).toEqual([close, close]);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
  });

  test("in years do not end it now", async () => {
    const expiresAt = new Date(Date.now() + 2 ** 40);
    const { server, next } = await serve({ authenticate: () => ({ principal: 1, expiresAt }) });
    const near = await dial(server.address);
    await near.send(text("still here"));
    expect(await texts(await next(), 1)).toEqual(["still here"]);
  });
});

/** The number with which a socket is closed, now or once it is open. */
function numberOf(socket: WebSocket, whenOpen = () => {}): Promise<number> {
  return new Promise((resolve) => {
    socket.on("close", resolve);
    if (socket.readyState === WebSocket.OPEN) whenOpen();
    else socket.on("open", whenOpen);
  });
}

/** A question that is answered later. */
function deferred<T>(): {
  ask: () => Promise<T>;
  isAsked: Promise<void>;
  answer: (value: T) => void;
} {
  let asked = () => {};
  let answer: (value: T) => void = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const ask = () =>
    new Promise<T>((resolve) => {
      answer = resolve;
      asked();
    });
  return { ask, isAsked, answer: (value) => answer(value) };
}
