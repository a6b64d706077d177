/** What becomes of what runs on a line when whoever is at its other end is found to be somebody else. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Edn, EdnMap, keyword, uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import {
  authClient,
  authServer,
  createClientPeer,
  follow,
  type KabelTokenSource,
  type TopicEvent,
} from "@datahike-sync/transport-kabel";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../follow-ends.ts";
import { type Client, serveTopics, subscribeMessage, texts, typeOf } from "../serve/ends.ts";

const STORE = uuid("b0000000-0000-0000-0000-00000000000b");
const NEWS = keyword("news");

/** A server that takes any token for a name, and whose topics are for those whose names begin with `a`. */
async function serve(lastsMs = 60_000) {
  const authenticate = ({ token }: { readonly token: string | undefined }) => ({
    principal: token,
    expiresAt: new Date(Date.now() + lastsMs),
  });
  const ends = serveTopics({ middleware: authServer({ authenticate }) });
  const store = await MemoryStore.open();
  await store.set("a", 1);
  const asked: unknown[] = [];
  let answer: () => Promise<void> | void = () => undefined;
  const authorize = async ({ principal }: { readonly principal: unknown }) => {
    asked.push(principal);
    await answer();
    return String(principal).startsWith("a");
  };
  ends.topics.registerStore(store, STORE, { authorize });
  const news = ends.topics.registerTopic(NEWS, { authorize });
  const events: TopicEvent[] = [];
  ends.topics.onEvent((event) => events.push(event));
  const answerAfter = (next: () => Promise<void> | void) => {
    answer = next;
  };
  return { ...ends, store, news, asked, events, answerAfter };
}

async function become(client: Client, name: string): Promise<void> {
  await client.say(`{:type :kabel/auth :token "${name}"}`);
}

/** The next messages, but for answers to tokens. */
async function hear(client: Client, count: number): Promise<string[]> {
  const heard: string[] = [];
  while (heard.length < count) {
    const message = await client.hear();
    if (message === undefined) throw new Error("the line ended");
    if (typeOf(message) !== ":kabel/auth-ok") heard.push(...texts([message]));
  }
  return heard;
}

const gone = (topic: Edn) =>
  texts([topic]).map(
    (name) => `{:type :pubsub/error, :topic ${name}, :error "Topic not registered"}`,
  );

const newsOf = (n: number) => `{:type :pubsub/publish, :topic :news, :payload ${n}}`;

const published = (key: string, value: number) =>
  `{:type :pubsub/publish, :topic #uuid "${STORE}", :payload {:key "${key}", :value ${value}, :operation :assoc}}`;

describe("on a line that is somebody else's from now on", () => {
  test("a subscription that is not for them ends, and the line and the others go on", async () => {
    const { dial, store, news, events } = await serve();
    const client = await dial();
    await become(client, "ada");
    await client.subscribe(STORE);
    await client.subscribe(NEWS);
    await become(client, "bob");
    expect((await hear(client, 2)).sort()).toEqual([...gone(STORE), ...gone(NEWS)].sort());
    await store.set("b", 2);
    news.publish("for members");
    await client.say(subscribeMessage([[keyword("nowhere"), null]]));
    const [error, ack] = await hear(client, 2);
    expect(error).toBe(gone(keyword("nowhere"))[0]);
    expect(ack).toContain(":pubsub/subscribe-ack");
    expect(client.line.state).toBe("open");
    const refused = events.filter(({ type }) => type === "refused");
    expect(refused.map((event) => "topic" in event && event.topic)).toEqual(
      expect.arrayContaining([STORE, NEWS]),
    );
    await become(client, "anna");
    expect((await client.subscribe(STORE)).isSubscribed).toBe(true);
  });

  test("one in the words of 2025 ends with the error to its request", async () => {
    const { dial } = await serve();
    const client = await dial();
    await become(client, "ada");
    const store = `:store-id #uuid "${STORE}"`;
    const id = `:id #uuid "00000000-0000-0000-0000-000000000001"`;
    await client.say(`{:type :sync/subscribe ${store} :local-key-timestamps {} ${id}}`);
    await client.hearUntil(":sync/batch-complete");
    await client.say(`{:type :sync/batch-ack ${store} :batch-idx 0}`);
    await client.hearUntil(":sync/complete");
    await become(client, "bob");
    expect(await hear(client, 1)).toEqual([
      `{:type :sync/subscribe-error, ${store}, :error "Store not found", ${id}}`,
    ]);
    expect(client.line.state).toBe("open");
  });

  test("one that is for them goes on, and misses nothing", async () => {
    const { dial, store, news, asked } = await serve();
    const client = await dial();
    await become(client, "ada");
    await client.subscribe(STORE);
    await client.subscribe(NEWS);
    await become(client, "anna");
    await until(() => asked.length === 4);
    await store.set("b", 2);
    expect(await hear(client, 1)).toEqual([published("b", 2)]);
    news.publish("for members");
    expect(await hear(client, 1)).toEqual([
      '{:type :pubsub/publish, :topic :news, :payload "for members"}',
    ]);
    expect(asked).toEqual(["ada", "ada", "anna", "anna"]);
  });

  test.each([
    ["ada", true],
    ["bob", false],
  ])("nothing is sent before it is known what %s may have", async (name, isAllowed) => {
    const { dial, store, news, asked, answerAfter } = await serve();
    const client = await dial();
    await become(client, "ada");
    await client.subscribe(STORE);
    await client.subscribe(NEWS);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    answerAfter(() => released);
    await become(client, name);
    await until(() => asked.length === 4);
    await store.set("b", 2);
    news.publish(1);
    news.publish(2);
    await become(client, name);
    await until(() => asked.length >= 6);
    const before = client.heard.filter((message) => typeOf(message) === ":pubsub/publish");
    expect(before).toEqual([]);
    release();
    const told = isAllowed
      ? [published("b", 2), newsOf(1), newsOf(2)]
      : [...gone(STORE), ...gone(NEWS)];
    const heard = await hear(client, told.length);
    expect(heard.toSorted()).toEqual(told.toSorted());
    const ofNews = (all: readonly string[]) => all.filter((text) => text.includes(":news"));
    expect(ofNews(heard)).toEqual(ofNews(told));
  });

  test("a subscription that waits for its answer gets the one that is theirs", async () => {
    const { dial, asked, answerAfter } = await serve();
    const client = await dial();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    answerAfter(() => released);
    await become(client, "ada");
    await client.say(subscribeMessage([[NEWS, null]]));
    await until(() => asked.length === 1);
    await become(client, "bob");
    await client.hearUntil(":kabel/auth-ok");
    await client.hearUntil(":kabel/auth-ok");
    release();
    expect((await hear(client, 1)).map(String)).toEqual(gone(NEWS));
    expect(asked).toEqual(["ada", "bob"]);
  });
});

describe("a store that follows", () => {
  async function followAs(
    token: KabelTokenSource,
    { network }: Pick<Awaited<ReturnType<typeof serve>>, "network">,
  ) {
    const peer = createClientPeer({
      codecs: [fressianCodec()],
      middleware: authClient(token),
      hello: false,
      backoffMs: { min: 1, max: 5 },
    });
    onTestFinished(() => peer.close());
    const replica = await MemoryStore.open();
    const following = follow(peer.link(network.dial), STORE, replica);
    await following.synced();
    return { following, replica, peer };
  }

  test("fails when the server is told that it may not any more", async () => {
    const server = await serve();
    const { following, peer } = await followAs("ada", server);
    const [connection] = peer.connections;
    const [line] = server.peer.connections;
    expect(line?.peer.principal).toBe("ada");
    await connection?.send(refresh("bob"));
    await until(() => following.status.phase === "failed");
    expect(following.status.error).toMatchObject({ code: "STORE_NOT_FOUND" });
    expect(connection?.state).toBe("open");
  });

  test("goes on where it was when its token expires and there is another", async () => {
    const server = await serve(1_500);
    let tokens = 0;
    const { following, replica } = await followAs(() => `ada ${++tokens}`, server);
    const errors: string[] = [];
    following.on({ onError: ({ code }) => errors.push(code) });
    await until(() => tokens > 1 && following.status.phase === "live");
    expect(errors[0]).toBe("UNAUTHORIZED");
    await server.store.set("b", 2);
    await until(async () => (await replica.get("b")) === 2);
    await following.close();
  });
});

function refresh(token: string) {
  return new EdnMap([
    [keyword("type"), keyword("kabel/auth-refresh")],
    [keyword("token"), token],
  ]);
}
