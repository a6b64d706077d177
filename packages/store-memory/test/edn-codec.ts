import type { Codec } from "@datahike-sync/core";
import { type Edn, print, read } from "@datahike-sync/edn";

/** The text of EDN, and how often it was decoded. */
export function ednCodec(name = "edn"): Codec & { decoded: number } {
  return {
    name,
    lossy: [],
    decoded: 0,
    encode: (value) => new TextEncoder().encode(print(value)),
    decode(bytes): Edn {
      this.decoded++;
      return read(new TextDecoder().decode(bytes));
    },
  };
}
