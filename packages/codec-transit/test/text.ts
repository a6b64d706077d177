import { transitCodec } from "@datahike-sync/codec-transit";
import { type Edn, isSyncError, print, read } from "@datahike-sync/edn";

const json = transitCodec({ format: "json" });

/** The EDN text of what this JSON holds in transit. */
export function decoded(text: string): string {
  return print(json.decode(utf8(text)));
}

/** The JSON of a value, or of the value of an EDN text. */
export function encoded(value: Edn): string {
  return new TextDecoder().decode(json.encode(value));
}

/** The JSON of what an EDN text says. */
export function encodedEdn(text: string): string {
  return encoded(read(text));
}

/** The code and the offset of the error that decoding ends with. */
export function failure(text: string | Uint8Array, codec = json): string {
  try {
    codec.decode(typeof text === "string" ? utf8(text) : text);
  } catch (error) {
    if (!isSyncError(error)) throw error;
    return `${error.code} at ${String(error.details["offset"])}`;
  }
  return "none";
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
