import { type Edn, type EdnMap, isKind, keyword, print, type Uuid } from "@datahike-sync/edn";
import { follow } from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import {
  DB,
  ends,
  messageOf,
  openStore,
  type Spoken,
  spokenIn,
  stateAfter,
  stateOf,
  until,
} from "./follow-ends.ts";
import {
  playServer,
  RECORDINGS,
  type RecordedFrame,
  readRecording,
  topicOf,
} from "./recordings.ts";

/** What another layer says, and we only when it is used. */
const isCall = ({ dir, type }: RecordedFrame) => dir === "c2s" && type.startsWith(":is.simm");

describe.each(RECORDINGS)("the server of %s", (name) => {
  test("is followed from nothing, and again after a break, to what its client had", async () => {
    const [first = [], second = []] = await readRecording(name);
    const spoken = spokenIn(name);
    const topic = uuidOf(topicOf(first));
    const { peer, server, next } = ends({ codecs: [spoken.codec] });
    const link = peer.link(server.dial);
    const store = await openStore();
    const following = follow(link, topic, store, spoken);

    const line = await next();
    const replay = playServer(line, first, { skips: isCall, codec: spoken.codec });
    await following.synced();
    if (first.some(isPublishOfClient)) {
      await following.publish({
        op: "set",
        key: keyword("from-client"),
        value: 7,
        immutable: false,
      });
    }
    await replay.done;
    const state = stateAfter(first, spoken, topic);
    await until(async () => isSame(await stateOf(store), state));
    expect(following.status).toMatchObject({ phase: "live", consistent: true, unconfirmed: 0 });
    expect(saidBy(replay.heard, spoken)).toEqual(saidIn(first, spoken));
    if (second.length === 0) return;

    line.break();
    // Without a word for the end of a subscription, what comes behind it comes whenever it does.
    const rest = spoken.dialect.canUnsubscribe ? second : untilComplete(second);
    const again = playServer(await next(), rest, { skips: isCall, codec: spoken.codec });
    await until(async () => following.status.phase === "live");
    await until(() => again.heard.length > 0);
    await following.synced();
    const reported = stateOfSubscribe(
      messageOf({ bytes: again.heard[0] ?? NOTHING }, spoken.codec),
    );
    const nodes = [...reported.keys()].map(print);
    expect(nodes.every((key) => key.startsWith("#uuid"))).toBe(true);
    // The server of a plain store marks nothing as immutable, so all of it has to come again.
    expect(nodes.length > 0).toBe(spoken.walker !== undefined);
    await following.close();
    await again.done;
    const after = stateAfter(untilComplete(second), spoken, topic, state);
    expect(isSame(await stateOf(store), after)).toBe(true);
  });

  test("is said what its client said, byte for byte, where chance has no part in it", async () => {
    const [first = []] = await readRecording(name);
    const spoken = spokenIn(name);
    const { peer, server, next } = ends({ codecs: [spoken.codec] });
    const topic = uuidOf(topicOf(first));
    const following = follow(peer.link(server.dial), topic, await openStore(), spoken);
    const replay = playServer(await next(), first, { skips: isCall, codec: spoken.codec });
    await following.synced();
    const ours = replay.heard.slice(1);
    const theirs = first.filter(({ dir, type }) => dir === "c2s" && type.endsWith("-ack"));
    expect(ours).toEqual(theirs.map(({ bytes }) => bytes));
  });

  test("is followed with the line cut after each of its messages", async () => {
    const [first = []] = await readRecording(name);
    const spoken = spokenIn(name);
    const topic = uuidOf(topicOf(first));
    const frames = untilComplete(first);
    const messages = frames.filter(({ dir }) => dir === "s2c").length;
    const state = stateAfter(frames, spoken, topic);
    for (let cutAfter = 0; cutAfter < messages; cutAfter++) {
      const { peer, server, next } = ends({ codecs: [spoken.codec] });
      const store = await openStore();
      const following = follow(peer.link(server.dial), topic, store, spoken);
      await playServer(await next(), frames, { skips: isCall, codec: spoken.codec, cutAfter }).done;
      // Whatever had come, no head shows before all of it.
      expect(!(await store.has(DB)) || isSame(await stateOf(store), state)).toBe(true);
      const replay = playServer(await next(), frames, { skips: isCall, codec: spoken.codec });
      await following.synced();
      await replay.done;
      expect(isSame(await stateOf(store), state)).toBe(true);
      await following.close();
    }
  });
});

test.each(RECORDINGS.filter((name) => !name.endsWith("writer")))(
  "the server of %s that has no such topic is an error that says so",
  async (name) => {
    const [, , third = []] = await readRecording(name);
    const spoken = spokenIn(name);
    const { peer, server, next } = ends({ codecs: [spoken.codec] });
    const following = follow(
      peer.link(server.dial),
      uuidOf(topicOf(third)),
      await openStore(),
      spoken,
    );
    playServer(await next(), third, { skips: isCall, codec: spoken.codec });
    await expect(following.synced()).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    expect(following.status.phase).toBe("failed");
  },
);

function uuidOf(topic: Edn): Uuid {
  if (!isKind(topic, "uuid")) throw new Error("a topic that is no UUID");
  return topic;
}

function isPublishOfClient({ dir, type }: RecordedFrame): boolean {
  return dir === "c2s" && type === ":pubsub/publish";
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** The types of what a client said. */
function saidIn(frames: readonly RecordedFrame[], { codec }: Spoken): string[] {
  return frames
    .filter((frame) => frame.dir === "c2s" && !isCall(frame))
    .map((frame) => print(messageOf(frame, codec).get(keyword("type")) ?? null));
}

function saidBy(heard: readonly Uint8Array[], spoken: Spoken): string[] {
  return heard.map((bytes) =>
    print(messageOf({ bytes }, spoken.codec).get(keyword("type")) ?? null),
  );
}

function stateOfSubscribe(message: EdnMap): EdnMap {
  const states =
    message.get(keyword("client-states")) ?? message.get(keyword("local-key-timestamps"));
  if (!isKind(states, "map")) throw new Error("no states");
  const [state = null] = message.has(keyword("client-states")) ? states.values() : [states];
  if (!isKind(state, "map")) throw new Error("no state");
  return state;
}

/** Up to the end of the handshake, acknowledgement included. */
function untilComplete(frames: readonly RecordedFrame[]): RecordedFrame[] {
  const end = frames.findLastIndex(({ type }) => /(complete|subscribe-ack)$/.test(type));
  return frames.slice(0, end + 1);
}

const NOTHING = new Uint8Array();
