/** The text of EDN, as konserve's serializer 0 writes it: exact for values of every kind. */
import { type Codec, isSyncError, SyncError } from "@datahike-sync/core";
import { print, read } from "@datahike-sync/edn";

export const TEXT_CODEC: Codec = {
  name: "edn",
  lossy: [],
  encode: (value) => new TextEncoder().encode(print(value)),
  decode(bytes) {
    try {
      return read(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (cause) {
      if (!isSyncError(cause) && !(cause instanceof TypeError)) throw cause;
      throw new SyncError("CODEC_INVALID", "not EDN", { cause, details: { offset: 0 } });
    }
  },
};
