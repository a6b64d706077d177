/** What newer kabel peers say of themselves first: frames they read, and how large. */
import {
  type Edn,
  EdnMap,
  EdnSet,
  isKind,
  type Keyword,
  keyword,
  SyncError,
} from "@datahike-sync/edn";
import { FRAME_IDS, isSerialization, type Serialization } from "./frame-ids.ts";

/** What one side can. */
export interface Hello {
  /** What it reads beside EDN text; names that this table lacks are left out. */
  readonly codecs: readonly Serialization[];
  readonly features: readonly Keyword[];
  /** The largest frame that it takes, in bytes. */
  readonly maxFrameBytes: number;
  /** Whether it takes binary messages. */
  readonly isBinary: boolean;
}

export function isHello(message: EdnMap): boolean {
  return message.get(TYPE) === HELLO;
}

export function helloMessage({ codecs, features, maxFrameBytes, isBinary }: Hello): EdnMap {
  return new EdnMap([
    [TYPE, HELLO],
    [PROTOCOL, 1],
    [CODECS, codecs.map((name) => keyword(name))],
    [FEATURES, new EdnSet(features)],
    [MAX_FRAME, maxFrameBytes],
    [BINARY, isBinary],
  ]);
}

/** @throws {SyncError} `PROTOCOL_VIOLATION` for one that is malformed, `UNKNOWN_MESSAGE` for another protocol. */
export function readHello(message: EdnMap): Hello {
  if (message.get(PROTOCOL) !== 1) {
    throw new SyncError("UNKNOWN_MESSAGE", "a hello of another protocol");
  }
  const maxFrameBytes = message.get(MAX_FRAME) ?? Number.MAX_SAFE_INTEGER;
  const isBinary = message.get(BINARY) ?? true;
  if (typeof maxFrameBytes !== "number" || !(maxFrameBytes > 0)) throw malformed("max-frame");
  if (typeof isBinary !== "boolean") throw malformed("binary?");
  const codecs = keywords(message.get(CODECS), "codecs").map(({ name }) => name);
  return {
    codecs: codecs.filter(isSerialization),
    features: keywords(message.get(FEATURES), "features"),
    maxFrameBytes,
    isBinary,
  };
}

/**
 * What both sides write, which each finds for itself: of what both read the one with the highest id.
 *
 * @throws {SyncError} `UNKNOWN_CODEC` when they have none in common, or the other side takes text messages
 * alone, of which nobody has said how a frame is put in one.
 */
export function agreedCodec(ours: Hello, theirs: Hello): Serialization {
  if (!theirs.isBinary) {
    throw new SyncError("UNKNOWN_CODEC", "the other end takes text messages alone");
  }
  const [best] = ours.codecs
    .filter((name) => theirs.codecs.includes(name))
    .sort((a, b) => FRAME_IDS[b] - FRAME_IDS[a]);
  if (best === undefined) {
    throw new SyncError("UNKNOWN_CODEC", "the ends of this line have no codec in common", {
      details: { ours: ours.codecs, theirs: theirs.codecs },
    });
  }
  return best;
}

const TYPE: Keyword = keyword("type");
const HELLO: Keyword = keyword("kabel/hello");
const PROTOCOL: Keyword = keyword("kabel/protocol");
const CODECS: Keyword = keyword("kabel/codecs");
const FEATURES: Keyword = keyword("kabel/features");
const MAX_FRAME: Keyword = keyword("kabel/max-frame");
const BINARY: Keyword = keyword("kabel/binary?");

function keywords(value: Edn | undefined, field: string): Keyword[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) && !isKind(value, "set")) throw malformed(field);
  const items: Edn[] = [...value];
  const names = items.filter((item) => isKind(item, "keyword"));
  if (names.length < items.length) throw malformed(field);
  return names;
}

function malformed(field: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "a malformed hello", { details: { field } });
}
