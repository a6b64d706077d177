import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Edn, type EdnMap, keyword } from "@datahike-sync/edn";
import {
  type AuthServerOptions,
  authClient,
  authServer,
  type Connection,
  KabelPeer,
  type KabelTokenSource,
} from "@datahike-sync/transport-kabel";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Client, serveTopics, subscribeMessage, texts, typeOf } from "../serve/ends.ts";

const NEWS = keyword("news");
const SUBSCRIBE = subscribeMessage([[NEWS, null]]);

/** A server that knows who begins with a token, whose `authorize` notes who asks. */
function serve(options: Partial<AuthServerOptions> = {}) {
  const asked: unknown[] = [];
  const middleware = authServer({
    authenticate: ({ token }) =>
      token?.startsWith("good") ? { principal: { sub: token } } : undefined,
    ...options,
  });
  const ends = serveTopics({ middleware });
  ends.topics.registerTopic(NEWS, {
    authorize: ({ principal }) => {
      asked.push(principal);
      return true;
    },
  });
  return { ...ends, asked };
}

const OK = (sub: string) => `{:type :kabel/auth-ok, :principal {:sub "${sub}"}}`;
const REFUSED =
  '{:type :kabel/auth-error, :error "invalid-token", :message "Token is invalid or expired"}';

async function hearText(client: Client): Promise<string> {
  return texts([(await client.hear()) ?? null])[0] ?? "";
}

function endOf(client: Client): Promise<unknown> {
  return new Promise((resolve) => client.line.onClose(resolve));
}

describe("a server that asks who somebody is", () => {
  test("answers a token, and its claims are the principal of the line", async () => {
    const { dial, asked } = serve();
    const client = await dial();
    await client.say('{:type :kabel/auth :token "good ada"}');
    await client.say(SUBSCRIBE);
    expect(await hearText(client)).toBe(OK("good ada"));
    await client.hearUntil(":pubsub/subscribe-ack");
    expect(asked).toEqual([{ sub: "good ada" }]);
  });

  test("leaves the line to who is refused, for another attempt", async () => {
    const { dial, asked } = serve();
    const client = await dial();
    for (const token of ['"bad"', "nil", "7", '["good"]']) {
      await client.say(`{:type :kabel/auth :token ${token}}`);
      expect(await hearText(client)).toBe(REFUSED);
    }
    await client.say("{:type :kabel/auth}");
    expect(await hearText(client)).toBe(REFUSED);
    await client.say('{:type :kabel/auth :token "good"}');
    expect(await hearText(client)).toBe(OK("good"));
    await client.subscribe(NEWS);
    expect(asked).toEqual([{ sub: "good" }]);
  });

  test("ends the line of who asks for something before, but takes greetings", async () => {
    const { dial, asked } = serve();
    const client = await dial();
    const ended = endOf(client);
    await client.say("{:type :kabel.remote/register :scope 1}");
    await client.say("{:type :is.simm.distributed-scope/register-scope :scope 1}");
    await client.say('{:type :kabel/auth :token "bad"}');
    expect(await hearText(client)).toBe(REFUSED);
    await client.say(SUBSCRIBE);
    expect(await ended).toMatchObject({ code: "UNAUTHORIZED" });
    expect(asked).toEqual([]);
  });

  test("lets them be nobody, where that is wanted", async () => {
    const { dial, asked, peer } = serve({ anonymous: "pass" });
    const taken: EdnMap[] = [];
    peer.onConnection((connection) => {
      connection.on([keyword("pubsub/subscribe")], (message) => taken.push(message));
    });
    const client = await dial("of the transport");
    await client.say(SUBSCRIBE.with(keyword("kabel/principal"), "the king"));
    await client.hearUntil(":pubsub/subscribe-ack");
    expect(asked, "nobody is who they say, nor whom another layer knows").toEqual([undefined]);
    expect(taken.map((message) => message.has(keyword("kabel/principal")))).toEqual([false]);
  });

  test("makes what comes behind a token wait for the answer, in order", async () => {
    let answer: (principal: string) => void = () => undefined;
    const { dial, asked } = serve({
      authenticate: () =>
        new Promise((resolve) => {
          answer = (principal) => resolve({ principal });
        }),
    });
    const client = await dial();
    await client.say('{:type :kabel/auth :token "1"}');
    await client.say(subscribeMessage([[NEWS, null]]));
    await client.say('{:type :kabel/auth-refresh :token "2"}');
    await client.say(subscribeMessage([[NEWS, null]]));
    await expect.poll(() => String(answer)).toContain("principal");
    answer("first");
    await client.hearUntil(":pubsub/subscribe-ack");
    expect(asked).toEqual(["first"]);
    answer("second");
    await client.hearUntil(":pubsub/subscribe-ack");
    expect(asked, "what runs is asked again, too").toEqual(["first", "second", "second"]);
  });

  test("ends the line of who sends a hundred messages meanwhile, and of who is never answered none", async () => {
    const { dial } = serve({ authenticate: () => new Promise(() => undefined) });
    const client = await dial();
    const ended = endOf(client);
    await client.say('{:type :kabel/auth :token "1"}');
    for (let i = 0; i < 101; i++) await client.say(SUBSCRIBE).catch(() => undefined);
    expect(await ended).toMatchObject({ code: "LIMIT_EXCEEDED" });
    const patient = serve({
      authenticate: () => new Promise(() => undefined),
      authenticateTimeoutMs: 20,
    });
    const other = await patient.dial();
    await other.say('{:type :kabel/auth :token "1"}');
    expect(await hearText(other)).toBe(REFUSED);
  });

  test("takes what authenticate throws, and what is over already, for a no", async () => {
    const answers: AuthServerOptions["authenticate"][] = [
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
      const client = await serve({ authenticate }).dial();
      await client.say('{:type :kabel/auth :token "1"}');
      expect(await hearText(client)).toBe(REFUSED);
    }
  });

  test("tells nobody a principal that is no EDN, and nothing that it notes for itself", async () => {
    const { dial } = serve({ authenticate: () => ({ principal: new WeakMap() }) });
    const client = await dial();
    await client.say('{:type :kabel/auth :token "1"}');
    expect(await hearText(client)).toBe("{:type :kabel/auth-ok}");
  });
});

describe("credentials", () => {
  test("that expire end a live line", async () => {
    const { dial } = serve({
      authenticate: () => ({ principal: 1, expiresAt: new Date(Date.now() + 1_500) }),
    });
    const client = await dial();
    const ended = endOf(client);
    await client.say('{:type :kabel/auth :token "1"}');
    await client.subscribe(NEWS);
    expect(await ended).toMatchObject({ code: "UNAUTHORIZED" });
  });

  test("that are renewed do not, and a refused renewal leaves those before", async () => {
    let renewals = 0;
    const { dial, asked } = serve({
      authenticate: ({ token }) => {
        renewals++;
        const lastsMs = token === "short" ? 1_500 : 60_000;
        return token === "bad"
          ? undefined
          : { principal: token, expiresAt: new Date(Date.now() + lastsMs) };
      },
    });
    const client = await dial();
    await client.say('{:type :kabel/auth :token "short"}');
    await client.say('{:type :kabel/auth-refresh :token "bad"}');
    await client.say('{:type :kabel/auth-refresh :token "long"}');
    const heard = [await hearText(client), await hearText(client), await hearText(client)];
    expect(heard).toEqual([
      '{:type :kabel/auth-ok, :principal "short"}',
      REFUSED,
      '{:type :kabel/auth-ok, :principal "long"}',
    ]);
    const over = Date.now() + 1_700;
    await expect.poll(() => Date.now() > over, { timeout: 10_000 }).toBe(true);
    expect((await client.subscribe(NEWS)).isSubscribed).toBe(true);
    expect([asked, renewals]).toEqual([["long"], 3]);
  });
});

describe("a client that says who it is", () => {
  /** A line of ours to that server, with a topic that it can have only with a good token. */
  async function connect(
    ends: ReturnType<typeof serve>,
    token: KabelTokenSource,
  ): Promise<Connection> {
    const peer = new KabelPeer({
      codecs: [fressianCodec()],
      middleware: authClient(token),
      hello: false,
    });
    onTestFinished(() => peer.close());
    return peer.connect(ends.network.dial);
  }

  async function subscribe(connection: Connection): Promise<Edn> {
    return new Promise((resolve) => {
      connection.onClose(({ error, code }) => resolve(error?.code ?? code ?? "closed"));
      connection.on([keyword("pubsub/subscribe-ack")], (message) => {
        resolve(typeOf(message));
      });
      connection.send(subscribeMessage([[NEWS, null]])).catch(() => undefined);
    });
  }

  test("does so before anything else, however long the token takes", async () => {
    const ends = serve();
    const late = () => new Promise<string>((resolve) => setTimeout(() => resolve("good"), 50));
    for (const token of ["good", () => "good", late] as const) {
      expect(await subscribe(await connect(ends, token))).toBe(":pubsub/subscribe-ack");
    }
    expect(ends.asked).toEqual([{ sub: "good" }, { sub: "good" }, { sub: "good" }]);
  });

  test("is told UNAUTHORIZED when it is refused", async () => {
    expect(await subscribe(await connect(serve(), "bad"))).toBe("UNAUTHORIZED");
  });

  test("passes at a server that asks nobody", async () => {
    const { network, topics } = serveTopics();
    topics.registerTopic(NEWS);
    const peer = new KabelPeer({
      codecs: [fressianCodec()],
      middleware: authClient("any"),
      hello: false,
    });
    onTestFinished(() => peer.close());
    expect(await subscribe(await peer.connect(network.dial))).toBe(":pubsub/subscribe-ack");
  });

  test("loses the line where there is no token to be had", async () => {
    const fault = new Error("no network to the issuer");
    const connection = await connect(serve(), () => {
      throw fault;
    });
    const close = await new Promise<{ error?: unknown }>((resolve) => connection.onClose(resolve));
    expect(close.error).toMatchObject({ cause: fault });
  });

  test("renews a token in time, as often as it has to", async () => {
    const tokens: string[] = [];
    const { network, topics, peer } = serveTopics({
      middleware: authServer({
        authenticate: ({ token = "" }) => {
          tokens.push(token);
          return { principal: { exp: Date.now() / 1000 + 1, token } };
        },
      }),
    });
    topics.registerTopic(NEWS);
    let count = 0;
    const middleware = authClient(() => `token ${++count}`);
    const client = new KabelPeer({ codecs: [fressianCodec()], middleware, hello: false });
    onTestFinished(() => client.close());
    const connection = await client.connect(network.dial);
    connection.on([NEWS], () => undefined);
    await expect.poll(() => tokens.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
    expect(tokens.slice(0, 3)).toEqual(["token 1", "token 2", "token 3"]);
    expect([connection.state, peer.connections.size]).toEqual(["open", 1]);
  });
});
