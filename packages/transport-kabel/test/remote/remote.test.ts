import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, EdnMap, keyword, read, SyncError, uuid } from "@datahike-sync/edn";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  KabelPeer,
  REMOTE_FAILURES,
  RemoteError,
  RemotePeer,
  type RemotePeerOptions,
} from "@datahike-sync/transport-kabel";
import { describe, expect, onTestFinished, test } from "vitest";
import { Client, texts, typeOf } from "../serve/ends.ts";

const SERVER = uuid("10000000-0000-0000-0000-000000000001");
const CLIENT = uuid("20000000-0000-0000-0000-000000000002");
const ADD = "my.app/add";

function serve(options: RemotePeerOptions = {}) {
  const network = new ChannelServer();
  const peer = new KabelPeer({ id: SERVER, hello: false });
  const remote = new RemotePeer(peer, options);
  peer.serve(network);
  onTestFinished(() => peer.close());
  remote.register(ADD, (args) => Number(args.get(keyword("x"))) + Number(args.get(keyword("y"))));
  return { network, peer, remote };
}

async function connect(network: ChannelServer, principal?: unknown) {
  const peer = new KabelPeer({ id: CLIENT, hello: false });
  const remote = new RemotePeer(peer);
  onTestFinished(() => peer.close());
  const connection = await peer.connect(network.dialAs(principal));
  return { peer, remote, connection };
}

async function rawClient(network: ChannelServer): Promise<Client> {
  return new Client(await network.dial(), ednCodec());
}

const ARGS = new EdnMap([
  [keyword("x"), 1],
  [keyword("y"), 2],
]);

async function failureOf(call: Promise<Edn>): Promise<RemoteError> {
  const error: unknown = await call.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof RemoteError)) throw error;
  return error;
}

describe("a call", () => {
  test("is answered, in whichever order the answers come", async () => {
    const { network, remote: server } = serve();
    const open = new Map<number, () => void>();
    server.register("my.app/wait", async (args) => {
      const n = Number(args.get(keyword("n")));
      await new Promise<void>((resolve) => open.set(n, resolve));
      return [n, null];
    });
    const { remote, connection } = await connect(network);
    expect(await remote.invoke(connection, ADD, ARGS)).toBe(3);
    const calls = [0, 1, 2].map((n) =>
      remote.invoke(connection, "my.app/wait", new EdnMap([[keyword("n"), n]])),
    );
    await expect.poll(() => open.size).toBe(3);
    const order: Edn[] = [];
    for (const call of calls) void call.then((value) => order.push(value));
    for (const n of [2, 0, 1]) {
      open.get(n)?.();
      await expect.poll(() => order.length).toBe([2, 0, 1].indexOf(n) + 1);
    }
    expect(order).toEqual([
      [2, null],
      [0, null],
      [1, null],
    ]);
  });

  test("goes both ways on one line, and nil is an answer", async () => {
    const { network, peer, remote: server } = serve();
    const { remote } = await connect(network);
    remote.register("their/echo", (args, { scope }) => (args.size === 0 ? null : [args, scope]));
    const [connection] = await expect
      .poll(() => [...peer.connections])
      .toHaveLength(1)
      .then(() => [...peer.connections]);
    if (connection === undefined) throw new Error("no line");
    expect(await server.invoke(connection, "their/echo", new EdnMap())).toBe(null);
    expect(await server.invoke(connection, "their/echo", ARGS)).toEqual([ARGS, SERVER]);
  });

  test("knows its caller by the line, never by the frame", async () => {
    const callers: unknown[] = [];
    const { network, remote: server } = serve({
      authorize: ({ principal, name }) => principal === "ada" || name !== ADD,
    });
    server.register("who", (_, { principal }) => {
      callers.push(principal);
      return null;
    });
    const [ada, eve] = [await connect(network, "ada"), await connect(network, "eve")];
    await ada.remote.invoke(ada.connection, "who", new EdnMap([[keyword("kabel/principal"), "x"]]));
    await eve.remote.invoke(eve.connection, "who", new EdnMap());
    expect(callers).toEqual(["ada", "eve"]);
    expect(await ada.remote.invoke(ada.connection, ADD, ARGS)).toBe(3);
    const error = await failureOf(eve.remote.invoke(eve.connection, ADD, ARGS));
    expect(error.type).toBe(REMOTE_FAILURES.notAuthorized);
  });

  test("of what there is not fails, and so does one that throws, with no more than it tells", async () => {
    const { network, remote: server } = serve();
    const data = read('{:error :transact/schema :value 5 :at #inst "2026-01-01"}');
    const thrown: Record<string, unknown> = {
      told: new RemoteError("Bad entity value", { data, type: keyword("my/failure") }),
      coded: new SyncError("STORE_NOT_FOUND", "/home/secret/path is not there"),
      other: new Error("password: hunter2"),
      none: "text",
    };
    for (const [name, error] of Object.entries(thrown)) {
      server.register(name, () => {
        throw error;
      });
    }
    const { remote, connection } = await connect(network);
    const found: unknown[] = [];
    for (const name of [...Object.keys(thrown), "absent"]) {
      const error = await failureOf(remote.invoke(connection, name, ARGS));
      found.push([error.code, error.message, error.type, error.data, error.details["function"]]);
    }
    expect(found).toEqual([
      ["REMOTE_ERROR", "Bad entity value", keyword("my/failure"), data, "told"],
      ["REMOTE_ERROR", "STORE_NOT_FOUND", undefined, undefined, "coded"],
      ["REMOTE_ERROR", "INTERNAL", undefined, undefined, "other"],
      ["REMOTE_ERROR", "INTERNAL", undefined, undefined, "none"],
      [
        "REMOTE_ERROR",
        "Remote function not found",
        REMOTE_FAILURES.unknownFunction,
        undefined,
        "absent",
      ],
    ]);
  });

  test("whose answer has no form on the line fails", async () => {
    const { network, remote: server } = serve();
    server.register("odd", () => new WeakMap() as never);
    const { remote, connection } = await connect(network);
    expect((await failureOf(remote.invoke(connection, "odd", ARGS))).message).toBe("INTERNAL");
  });

  test("ends with its time, its signal, and its line", async () => {
    const { network, remote: server } = serve();
    const signals: AbortSignal[] = [];
    server.register("never", (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const { remote, connection } = await connect(network);
    const late = await failureOf(remote.invoke(connection, "never", ARGS, { timeoutMs: 20 }));
    expect(late.type).toBe(REMOTE_FAILURES.timeout);
    const abort = new AbortController();
    const reason = new Error("no longer wanted");
    const given = remote.invoke(connection, "never", ARGS, { signal: abort.signal });
    await expect.poll(() => signals.length).toBe(2);
    abort.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect(remote.invoke(connection, "never", ARGS, { signal: abort.signal })).rejects.toBe(
      reason,
    );
    const cut = remote.invoke(connection, "never", ARGS);
    await expect.poll(() => signals.length).toBe(3);
    const lost = failureOf(cut);
    await connection.close();
    expect((await lost).type).toBe(REMOTE_FAILURES.disconnected);
    expect((await failureOf(remote.invoke(connection, ADD, ARGS))).type).toBe(
      REMOTE_FAILURES.disconnected,
    );
    await expect.poll(() => signals.every((signal) => signal.aborted)).toBe(true);
  });

  test("waits for a link's line, and for none that will not come", async () => {
    const { network } = serve();
    const peer = new KabelPeer({ id: CLIENT, hello: false });
    const remote = new RemotePeer(peer);
    onTestFinished(() => peer.close());
    expect(await remote.invoke(peer.link(network.dial), ADD, ARGS)).toBe(3);
    const nowhere = peer.link(() => Promise.reject(new Error("nobody there")));
    const error = await failureOf(remote.invoke(nowhere, ADD, ARGS, { timeoutMs: 20 }));
    expect(error.type).toBe(REMOTE_FAILURES.disconnected);
    const other = new KabelPeer();
    onTestFinished(() => other.close());
    const foreign = await other.connect(network.dial);
    await expect(remote.invoke(foreign, ADD, ARGS)).rejects.toThrow(TypeError);
  });

  test("may not be one too many", async () => {
    const { network, remote: server } = serve({ maxCalls: 2 });
    let running = 0;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    server.register("slow", async () => {
      running++;
      await gate;
      return null;
    });
    const { remote, connection } = await connect(network);
    const calls = [0, 1].map(() => remote.invoke(connection, "slow", ARGS));
    const error = await failureOf(remote.invoke(connection, "slow", ARGS));
    expect([error.type, running]).toEqual([REMOTE_FAILURES.tooManyCalls, 2]);
    go();
    await Promise.all(calls);
    expect(await remote.invoke(connection, ADD, ARGS)).toBe(3);
  });
});

describe("the words of distributed-scope", () => {
  const NS = ":is.simm.distributed-scope";

  async function greeted(network: ChannelServer): Promise<Client> {
    const client = await rawClient(network);
    expect(texts([(await client.hear()) ?? null])).toEqual([
      `{:type :kabel.remote/register, :scope #uuid "${SERVER}"}`,
    ]);
    await client.say(`{:type ${NS}/register-scope :scope #uuid "${CLIENT}"}`);
    expect(texts([(await client.hear()) ?? null])).toEqual([
      `{:type ${NS}/register-scope, :scope #uuid "${SERVER}"}`,
    ]);
    return client;
  }

  const invoke = (name: string, scope: unknown = SERVER) =>
    `{:type ${NS}/invoke :scope #uuid "${scope}" :request-scope #uuid "${CLIENT}" :fn-name ${name} :arg-map {:x 1 :y 2} :request-id 7}`;

  test("are answered in kind, and a call for another peer not at all", async () => {
    const { network, remote } = serve();
    remote.register("bad", () => {
      throw new RemoteError("no such thing", { data: read("{:error :transact/schema}") });
    });
    const client = await greeted(network);
    await client.say(invoke("bad", CLIENT));
    await client.say(invoke(ADD));
    expect(texts([(await client.hear()) ?? null])).toEqual([
      `{:type ${NS}/invoke-result, :scope #uuid "${CLIENT}", :request-id 7, :result 3}`,
    ]);
    await client.say(invoke("bad"));
    expect((await client.hear())?.get(keyword("error"))).toBe(
      '#error {:cause "no such thing", :data {:error :transact/schema}}',
    );
    await client.say(invoke('"my.app/add"'));
    expect((await client.hear())?.get(keyword("result"))).toBe(3);
  });

  test("are what we call in who greets in them, and exceptions are read as far as they can be", async () => {
    const { network, remote, peer } = serve();
    const client = await greeted(network);
    const [connection] = peer.connections;
    if (connection === undefined) throw new Error("no line");
    const answers = [
      `:result ${NS}/nil-value`,
      `:error ${JSON.stringify('#error {\n :cause "Bad entity value 5"\n :data {:error :transact/schema, :schema #:db{:ident :name}}\n :via [{:type clojure.lang.ExceptionInfo :at [superv.async$throw_if_exception invokeStatic "async.cljc" 127]}]}')}`,
      `:error ${JSON.stringify('#object[java.lang.Foo 0x1 "broken"')}`,
    ];
    const found: unknown[] = [];
    for (const answer of answers) {
      const call = remote.invoke(connection, "their/fn", ARGS).catch((error: unknown) => error);
      const asked = await client.hear();
      expect(typeOf(asked ?? new EdnMap())).toBe(`${NS}/invoke`);
      expect(asked?.get(keyword("scope"))).toEqual(CLIENT);
      const id = texts([asked?.get(keyword("request-id")) ?? null]).join();
      await client.say(
        `{:type ${NS}/invoke-result :scope #uuid "${SERVER}" :request-id ${id} ${answer}}`,
      );
      const outcome = await call;
      found.push(
        outcome instanceof RemoteError ? [outcome.message, texts([outcome.data ?? null])] : outcome,
      );
    }
    expect(found).toEqual([
      null,
      ["Bad entity value 5", ["{:error :transact/schema, :schema {:db/ident :name}}"]],
      ['#object[java.lang.Foo 0x1 "broken"', ["nil"]],
    ]);
  });

  test("give way to kabel's own, where a peer greets in both", async () => {
    const { network, remote, peer } = serve();
    const client = await greeted(network);
    await client.say(`{:type :kabel.remote/register :scope #uuid "${CLIENT}"}`);
    const [connection] = peer.connections;
    if (connection === undefined) throw new Error("no line");
    await client.say(
      `{:type :kabel.remote/invoke :scope 1 :request-scope 2 :fn-name a :request-id 3}`,
    );
    const stranger = await client.hear();
    expect(texts([stranger?.get(keyword("error")) ?? null])).toEqual([
      '{:message "another peer\'s call", :type :kabel.remote/wrong-peer, :fn-name a}',
    ]);
    void remote.invoke(connection, "their/fn", ARGS).catch(() => undefined);
    expect(typeOf((await client.hear()) ?? new EdnMap())).toBe(":kabel.remote/invoke");
  });

  test.each([
    `{:type ${NS}/invoke}`,
    `{:type ${NS}/invoke :scope 1 :request-scope 2 :fn-name 3 :request-id 4}`,
    `{:type ${NS}/invoke :scope 1 :request-scope 2 :fn-name a :arg-map [] :request-id 4}`,
    `{:type ${NS}/register-scope}`,
    "{:type :kabel.remote/result :scope 1}",
  ])("that lack what they need end the line: %s", async (message) => {
    const { network } = serve();
    const client = await rawClient(network);
    const ended = new Promise((resolve) => client.line.onClose(resolve));
    await client.say(message);
    expect(await ended).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });
});
