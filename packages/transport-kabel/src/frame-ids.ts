/** The table of kabel's frames: what the first four bytes of a message say of the rest. */

/** The id of each serialization, as a signed 32-bit big-endian number before the payload. */
export const FRAME_IDS = {
  /** Bytes of the application. */
  binary: 0,
  /** UTF-8 text. On a WebSocket it is a text message, without an id. */
  string: 1,
  /** EDN text: what everybody reads. */
  "pr-str": 2,
  "transit-json": 11,
  "transit-msgpack": 12,
  fressian: 13,
  cbor: 14,
} as const;

/** What kabel calls a serialization, in `:kabel/serialization` and in a hello. */
export type Serialization = keyof typeof FRAME_IDS;

/** Of the id. */
export const HEADER_BYTES = 4;

/** The serialization with this id; `undefined` for none. */
export function serializationOf(id: number): Serialization | undefined {
  return NAMES.get(id);
}

/** The serialization of a codec with this name; `undefined` for none. */
export function serializationOfCodec(name: string): Serialization | undefined {
  if (name === "edn") return "pr-str";
  return isSerialization(name) && FRAME_IDS[name] > FRAME_IDS["pr-str"] ? name : undefined;
}

export function isSerialization(name: string): name is Serialization {
  return Object.hasOwn(FRAME_IDS, name);
}

// `as`: what `Object.entries` forgets of a table's keys.
const NAMES: ReadonlyMap<number, Serialization> = new Map(
  (Object.entries(FRAME_IDS) as [Serialization, number][]).map(([name, id]) => [id, name]),
);
