/** A store that follows a server which the test plays, over a channel. */
import { cborHandlers, fressianHandlers } from "@datahike-sync/btset";
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Codec, Transport, Walker } from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { type Edn, type EdnMap, identity, isKind, keyword } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  createClientPeer,
  type KabelPeer,
  type PeerOptions,
  PUBSUB_DIALECT,
  readChanges,
  readItem,
  SYNC_DIALECT,
  type TopicDialect,
} from "@datahike-sync/transport-kabel";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { onTestFinished } from "vitest";
import type { RecordedFrame, RecordingName } from "./recordings.ts";

/** How a recording was spoken. */
export interface Spoken {
  readonly codec: Codec;
  readonly dialect: TopicDialect;
  readonly walker: Walker | undefined;
}

export function spokenIn(name: RecordingName): Spoken {
  const codec = name.includes("cbor")
    ? cborCodec({ handlers: cborHandlers() })
    : name.includes("fressian")
      ? fressianCodec({ handlers: fressianHandlers() })
      : ednCodec();
  return {
    codec,
    dialect: name.startsWith("sync") ? SYNC_DIALECT : PUBSUB_DIALECT,
    walker: name.includes("plain") ? undefined : datahikeWalker(),
  };
}

/** A client peer without a hello, and a server whose lines the test takes. */
export function ends(options: PeerOptions = {}): {
  peer: KabelPeer;
  server: ChannelServer;
  next: () => Promise<Transport & { break(): void }>;
} {
  const server = new ChannelServer();
  const peer = createClientPeer({ hello: false, backoffMs: { min: 1, max: 5 }, ...options });
  onTestFinished(async () => {
    await peer.close();
    await server.close();
  });
  const taken: (Transport & { break(): void })[] = [];
  let wake = () => {};
  server.onConnection((transport) => {
    taken.push(transport as Transport & { break(): void });
    wake();
  });
  const next = async () => {
    for (;;) {
      const transport = taken.shift();
      if (transport !== undefined) return transport;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { peer, server, next };
}

export async function openStore(): Promise<MemoryStore> {
  const store = await MemoryStore.open();
  onTestFinished(() => store.close());
  return store;
}

/** The payload of a frame as a message. */
export function messageOf({ bytes }: Pick<RecordedFrame, "bytes">, codec: Codec): EdnMap {
  const message = codec.decode(bytes.subarray(4));
  if (!isKind(message, "map")) throw new Error("no map");
  return message;
}

/** What a store holds after these frames of the server, by identity, in words that the tests compare. */
export function stateAfter(
  frames: readonly RecordedFrame[],
  { codec, dialect }: Spoken,
  topic: Edn,
  state: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const entries = new Map(state);
  for (const frame of frames) {
    if (frame.dir !== "s2c") continue;
    const message = dialect.read(messageOf(frame, codec));
    if (message?.type !== "item" && message?.type !== "publish") continue;
    if (identity(message.topic) !== identity(topic)) continue;
    const changes =
      message.type === "item" ? [readItem(message.item)] : readChanges(message.payload);
    for (const change of changes) {
      if (change.op === "delete") entries.delete(identity(change.key));
      else entries.set(identity(change.key), identity(change.value));
    }
  }
  return entries;
}

export async function stateOf(store: MemoryStore): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for await (const { key } of store.keys()) {
    entries.set(identity(key), identity((await store.get(key)) ?? null));
  }
  return entries;
}

/** Resolves when a condition holds, which is asked again and again. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

export const DB: Edn = keyword("db");
