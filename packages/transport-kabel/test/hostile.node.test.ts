/** Frames that nobody should send, over real sockets. */
import type { SyncError } from "@datahike-sync/edn";
import { isKind } from "@datahike-sync/edn";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { createClientPeer, follow, KABEL_SOCKET } from "@datahike-sync/transport-kabel";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { listen, NodeWebSocket, type WsTransport } from "@datahike-sync/transport-ws/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStore, spokenIn, until } from "./follow-ends.ts";
import {
  playServer,
  type RecordedFrame,
  type RecordingName,
  readRecording,
  topicOf,
} from "./recordings.ts";

const NAMES = ["pubsub-cbor-datahike", "sync-fressian-datahike", "pubsub-pr-str-plain"] as const;

/** What the end of such a line may be called. */
const CODES = [
  "CODEC_TRUNCATED",
  "CODEC_INVALID",
  "CODEC_LIMIT",
  "UNKNOWN_CODEC",
  "PROTOCOL_VIOLATION",
  "FRAME_TOO_LARGE",
  "TRANSPORT_CLOSED",
  "STORE_NOT_FOUND",
  "REMOTE_ERROR",
  "UNAUTHORIZED",
  "NODE_MISSING",
  "ACK_TIMEOUT",
  "UNKNOWN_MESSAGE",
];

/** A server over a real socket, and the lines that it took. */
async function served(): Promise<{ address: string; next: () => Promise<WsTransport> }> {
  const server = await listen({ host: "127.0.0.1", ...KABEL_SOCKET });
  onTestFinished(() => server.close());
  const taken: WsTransport[] = [];
  server.onConnection((line) => taken.push(line));
  return {
    address: server.address,
    next: async () => {
      await until(() => taken.length > 0);
      const line = taken.shift();
      if (line === undefined) throw new Error("no line");
      return line;
    },
  };
}

describe.each(NAMES)("the frames of %s", (name) => {
  test("changed by chance end a line with a code, or nothing, and never show a head without its nodes", async () => {
    const [frames = []] = await readRecording(name);
    const { address, next } = await served();
    for (let i = 0; i < cases(400); i++) {
      const random = new Random(i);
      const ours = frames.map((frame) => mutant(frame, random));
      const errors = await followOnce(name, frames, ours, address, next, random);
      const strange = errors.filter(({ code }) => !CODES.includes(code));
      expect(strange, `seed ${seed} case ${i}`).toEqual([]);
    }
  });
});

/** Follows a server of these frames until all were sent. Returns what went wrong. */
async function followOnce(
  name: RecordingName,
  recorded: readonly RecordedFrame[],
  frames: readonly RecordedFrame[],
  address: string,
  next: () => Promise<WsTransport>,
  random: Random,
): Promise<SyncError[]> {
  const { codec, dialect, walker } = spokenIn(name);
  const topic = topicOf(recorded);
  if (!isKind(topic, "uuid")) throw new Error("a topic that is no UUID");
  const peer = createClientPeer({ codecs: [codec], hello: random.below(2) === 0 });
  const dial = wsDialer(address, { ...KABEL_SOCKET, WebSocket: NodeWebSocket });
  const connection = await peer.connect(dial);
  const store = await openStore();
  const errors: SyncError[] = [];
  const limits = { stallTimeoutMs: 40, answerTimeoutMs: 40, gateTimeoutMs: 20 };
  const following = follow(connection, topic, store, {
    dialect,
    walker,
    limits,
    onError: (error) => errors.push(error),
  });
  const line = await next();
  // The request is not waited for more than once: a mutant need not have one.
  await playServer(
    line,
    frames.filter(({ dir }) => dir === "s2c"),
  ).done;
  await line.close();
  await until(() => ["failed", "closed"].includes(following.status.phase));
  if (walker !== undefined) for await (const _ of walker.walk(store)) continue;
  await following.close();
  await peer.close();
  return errors;
}

function mutant(frame: RecordedFrame, random: Random): RecordedFrame {
  if (random.below(8) > 0) return frame;
  return { ...frame, bytes: mutate(frame.bytes, random) };
}
