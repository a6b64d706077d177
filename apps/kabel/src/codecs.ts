/** What the frames of a line are written in, and what stores on disk hold. */
import { cborHandlers, fressianHandlers } from "@datahike-sync/btset";
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { transitCodec } from "@datahike-sync/codec-transit";
import type { Codec } from "@datahike-sync/core";
import { ednCodec } from "@datahike-sync/core/edn-codec";

/** Of lines, as `--codec` names them. */
export const CODECS = ["cbor", "fressian", "transit", "edn"] as const;

export type CodecName = (typeof CODECS)[number];

/** Of frames that a line carries. */
export function lineCodec(name: CodecName): Codec {
  switch (name) {
    case "cbor":
    case "fressian":
      return storeCodec(name);
    case "transit":
      return transitCodec({ format: "json", handlers: fressianHandlers() });
    case "edn":
      return ednCodec({ handlers: fressianHandlers() });
  }
}

/** Of a store that Datahike reads, too: it keeps no text, so what came as that is Fressian there. */
export function storeCodec(name: CodecName): Codec {
  return name === "cbor"
    ? cborCodec({ handlers: cborHandlers() })
    : fressianCodec({ handlers: fressianHandlers() });
}

/** The flag for what kabel calls a serialization; `undefined` where there is none. */
export function codecNamed(serialization: unknown): CodecName | undefined {
  if (serialization === "transit-json") return "transit";
  if (serialization === "pr-str") return "edn";
  return CODECS.find((name) => name === serialization);
}

/** The largest frame either way, in bytes: what a JVM sends and takes. */
export const MAX_FRAME_BYTES: number = 100 * 2 ** 20;
