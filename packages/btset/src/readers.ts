import type { TagReaders } from "@datahike-sync/core";
import { Tagged } from "@datahike-sync/edn";
import { CBOR_DATOM, FRESSIAN_DATOM, readDatom } from "./datom.ts";
import { NODE_CLASSES } from "./node.ts";

/** Readers of index nodes and datoms for a Fressian codec, such as stores on disk use. */
export function fressianHandlers(): TagReaders {
  return { ...nodeReaders(), [FRESSIAN_DATOM]: readDatom };
}

/** Readers of index nodes and datoms for a CBOR codec, such as Datahike's wire of 2026 uses. */
export function cborHandlers(): TagReaders {
  return { ...nodeReaders(), [CBOR_DATOM]: readDatom };
}

function nodeReaders(): TagReaders {
  return Object.fromEntries(
    Object.entries(NODE_CLASSES).map(([tag, made]) => [
      tag,
      (fields) => new made(new Tagged(tag, fields)),
    ]),
  );
}
