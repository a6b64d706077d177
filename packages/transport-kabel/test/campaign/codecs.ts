/** What frames can be written in. */
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { transitCodec } from "@datahike-sync/codec-transit";
import type { Codec } from "@datahike-sync/core";

/** Without a codec frames are EDN text. */
export const CODECS: ReadonlyMap<string, readonly Codec[]> = new Map([
  ["fressian", [fressianCodec()]],
  ["cbor", [cborCodec()]],
  ["transit-json", [transitCodec({ format: "json" })]],
  ["transit-msgpack", [transitCodec({ format: "msgpack" })]],
  ["text", []],
]);
