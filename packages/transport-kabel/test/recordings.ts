/** Sessions of JVM peers that were recorded, and one side of them played again. */
import type { Codec, Transport } from "@datahike-sync/core";
import {
  decodeBase64,
  type Edn,
  type EdnMap,
  isKind,
  keyword,
  read,
  type Uuid,
} from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";

export const RECORDINGS = [
  "pubsub-cbor-plain",
  "pubsub-cbor-datahike",
  "pubsub-cbor-writer",
  "pubsub-fressian-plain",
  "pubsub-pr-str-plain",
  "sync-fressian-plain",
  "sync-fressian-datahike",
  "sync-pr-str-plain",
] as const;

export type RecordingName = (typeof RECORDINGS)[number];

/** A frame of a recording. */
export interface RecordedFrame {
  readonly n: number;
  readonly dir: "c2s" | "s2c";
  /** Such as `:pubsub/publish`. */
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly edn: string;
}

/** The frames of each connection, in order. */
export async function readRecording(name: RecordingName): Promise<RecordedFrame[][]> {
  const text = await readFixtureText(`sessions/${name}.jsonl`);
  const connections: RecordedFrame[][] = [];
  for (const line of text.trim().split("\n")) {
    const { n, conn, dir, type, base64, edn } = JSON.parse(line);
    if (base64 === undefined) continue;
    connections[conn] ??= [];
    connections[conn].push({ n, dir, type, edn, bytes: decodeBase64(base64) });
  }
  return connections;
}

/** The topic that the first subscription of a connection names. */
export function topicOf(frames: readonly RecordedFrame[]): Edn {
  const request = frames.find(({ type }) => type.endsWith("/subscribe"));
  const message = read(request?.edn ?? "nil") as EdnMap;
  const topics = message.get(keyword("topics"));
  if (isKind(topics, "set")) return [...topics][0] ?? null;
  return message.get(keyword("store-id")) ?? null;
}

export interface ReplayOptions {
  /** Frames that the other side does not say here, such as those of another layer. */
  readonly skips?: ((frame: RecordedFrame) => boolean) | undefined;
  /** Of the recording. With it answers have the id of the request that was heard, not of the recorded one. */
  readonly codec?: Codec | undefined;
  /** Breaks the line before this many frames of the server were sent. */
  readonly cutAfter?: number | undefined;
}

/** What the server of a recording heard, in order. */
export interface Replay {
  readonly heard: Uint8Array[];
  /** Resolves when every frame of the recording was sent or heard, or the line has ended. */
  readonly done: Promise<void>;
}

/** Plays the server of a recorded connection: each of its frames when those before it were heard. */
export function playServer(
  transport: Transport & { break?(): void },
  frames: readonly RecordedFrame[],
  { skips = () => false, codec, cutAfter = Number.POSITIVE_INFINITY }: ReplayOptions = {},
): Replay {
  const heard: Uint8Array[] = [];
  let wake = () => {};
  let isOver = false;
  transport.onMessage((message) => {
    heard.push(message.slice());
    wake();
  });
  transport.onClose(() => {
    isOver = true;
    wake();
  });
  const play = async () => {
    let expected = 0;
    let sent = 0;
    let ids: readonly [Uuid, Uuid] | undefined;
    for (const frame of frames.filter((frame) => !skips(frame))) {
      if (frame.dir === "c2s") {
        expected++;
        while (heard.length < expected && !isOver) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const request = heard[expected - 1];
        if (request !== undefined && codec !== undefined && frame.type.endsWith("/subscribe")) {
          ids = [idOf(frame.bytes, codec), idOf(request, codec)];
        }
      } else if (sent++ === cutAfter) {
        transport.break?.();
        return;
      } else {
        const bytes = ids === undefined ? frame.bytes.slice() : withId(frame.bytes, ...ids);
        await transport.send(bytes).catch(() => undefined);
      }
      if (isOver) return;
    }
  };
  return { heard, done: play() };
}

function idOf(frame: Uint8Array, codec: Codec): Uuid {
  const message = codec.decode(frame.subarray(4));
  const id = isKind(message, "map") ? message.get(keyword("id")) : undefined;
  if (!isKind(id, "uuid")) throw new Error("a request without an id");
  return id;
}

/** The frame with another id in place of the first one found, as bytes or as text. */
function withId(frame: Uint8Array, from: Uuid, to: Uuid): Uint8Array<ArrayBuffer> {
  const changed = frame.slice();
  const text = new TextEncoder();
  for (const [old, now] of [
    [from.toBytes(), to.toBytes()],
    [text.encode(String(from)), text.encode(String(to))],
  ] as const) {
    const at = changed.findIndex((_, i) => old.every((byte, j) => changed[i + j] === byte));
    if (at !== -1) changed.set(now, at);
  }
  return changed;
}
