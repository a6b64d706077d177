/** A commit of the server between every two frames of a handshake, in recordings of real stores. */
import { type Edn, identity, isKind, keyword, type Uuid } from "@datahike-sync/edn";
import type { MemoryStore } from "@datahike-sync/store-memory";
import { follow } from "@datahike-sync/transport-kabel";
import { describe, expect, test } from "vitest";
import { DB, ends, messageOf, openStore, type Spoken, spokenIn, until } from "./follow-ends.ts";
import { playServer, type RecordedFrame, readRecording, topicOf } from "./recordings.ts";

const KEY = keyword("key");
const VALUE = keyword("value");
const OPERATION = keyword("operation");

describe.each(["pubsub-cbor-datahike", "sync-fressian-datahike"] as const)("in %s", (name) => {
  test("a commit between any two frames of the handshake is there at its end, and whole", async () => {
    const { spoken, topic, handshake, commit } = await parts(name);
    const wanted = valueOfHead(commit, spoken);
    for (let at = beginOf(handshake); at <= handshake.length; at++) {
      const frames = [...handshake.slice(0, at), ...commit, ...handshake.slice(at)];
      expect(await play(frames, spoken, topic, wanted)).toBeGreaterThan(0);
    }
  });

  test("a commit that the server made after its walk, and of which it read the head, is waited for", async () => {
    const { spoken, topic, handshake, commit } = await parts(name);
    const wanted = valueOfHead(commit, spoken);
    const late = handshake.map((frame) =>
      isHead(frame, spoken)
        ? asItem(
            commit.findLast((one) => isHead(one, spoken)),
            spoken,
          )
        : frame,
    );
    for (let at = beginOf(handshake); at <= late.length; at++) {
      const frames = [...late.slice(0, at), ...commit, ...late.slice(at)];
      expect(await play(frames, spoken, topic, wanted)).toBeGreaterThan(0);
    }
  });

  test("the frames of a commit may come in any order, and it shows when the last is there", async () => {
    const { spoken, topic, handshake, commit } = await parts(name);
    const wanted = valueOfHead(commit, spoken);
    for (let turn = 0; turn < commit.length; turn++) {
      const turned = [...commit.slice(turn), ...commit.slice(0, turn)];
      const steps = await play([...handshake, ...turned], spoken, topic, wanted);
      expect(steps).toBeGreaterThan(0);
    }
  });
});

/** Follows until a head is shown, and finds at each that what it reaches is there. Returns how many were. */
async function play(
  frames: readonly RecordedFrame[],
  spoken: Spoken,
  topic: Uuid,
  wanted: string,
): Promise<number> {
  const { peer, server, next } = ends({ codecs: [spoken.codec] });
  const store = await openStore();
  const walks: Promise<void>[] = [];
  store.onCommit(({ operations }) => {
    if (operations.some(({ key }) => key === DB)) walks.push(walk(store, spoken));
  });
  const following = follow(peer.link(server.dial), topic, store, spoken);
  playServer(await next(), frames, { codec: spoken.codec, skips: isCall });
  await following.synced();
  await until(async () => identity((await store.get(DB)) ?? null) === wanted);
  await Promise.all(walks);
  expect(following.status.consistent).toBe(true);
  await following.close();
  return walks.length;
}

/** Rejects when something is missing. */
async function walk(store: MemoryStore, { walker }: Spoken): Promise<void> {
  for await (const step of walker?.walk(store) ?? []) {
    if (step.class === "node") expect(await store.has(step.key)).toBe(true);
  }
}

/** The first handshake of a recording, and the commit that follows it. */
async function parts(name: "pubsub-cbor-datahike" | "sync-fressian-datahike"): Promise<{
  spoken: Spoken;
  topic: Uuid;
  handshake: RecordedFrame[];
  commit: RecordedFrame[];
}> {
  const [frames = []] = await readRecording(name);
  const spoken = spokenIn(name);
  const topic = topicOf(frames);
  if (!isKind(topic, "uuid")) throw new Error("a topic that is no UUID");
  const end = frames.findIndex(({ type }) => /(sync\/complete|pubsub\/subscribe-ack)$/.test(type));
  const rest = frames.slice(end + 1);
  const commit = rest.slice(0, rest.findIndex((frame) => isHead(frame, spoken)) + 1);
  return { spoken, topic, handshake: frames.slice(0, end + 1), commit };
}

/** Behind the first answer to the subscription: before it, what is published is for others. */
function beginOf(frames: readonly RecordedFrame[]): number {
  return frames.findIndex(({ type }) => type.endsWith("/subscribe")) + 2;
}

function isCall({ dir, type }: RecordedFrame): boolean {
  return dir === "c2s" && type.startsWith(":is.simm");
}

function isHead(frame: RecordedFrame, spoken: Spoken): boolean {
  return frame.dir === "s2c" && entryOf(frame, spoken)?.key === DB;
}

function valueOfHead(frames: readonly RecordedFrame[], spoken: Spoken): string {
  const head = frames.findLast((frame) => isHead(frame, spoken));
  return identity((head && entryOf(head, spoken)?.value) ?? null);
}

function entryOf(
  frame: RecordedFrame,
  { codec, dialect }: Spoken,
): { readonly key: Edn; readonly value: Edn } | undefined {
  const message = dialect.read(messageOf(frame, codec));
  const entry =
    message?.type === "item" ? message.item : message?.type === "publish" && message.payload;
  if (!isKind(entry, "map")) return undefined;
  return { key: entry.get(KEY) ?? null, value: entry.get(VALUE) ?? null };
}

/** A publication as the item that a server would have read. */
function asItem(frame: RecordedFrame | undefined, { codec, dialect }: Spoken): RecordedFrame {
  if (frame === undefined) throw new Error("no head");
  const message = dialect.read(messageOf(frame, codec));
  if (message?.type !== "publish" || !isKind(message.payload, "map")) throw new Error("no head");
  const item = message.payload.without(OPERATION);
  const payload = codec.encode(dialect.spell({ type: "item", topic: message.topic, item }));
  const bytes = new Uint8Array(4 + payload.length);
  bytes.set(frame.bytes.subarray(0, 4));
  bytes.set(payload, 4);
  return { ...frame, bytes, type: "item" };
}
