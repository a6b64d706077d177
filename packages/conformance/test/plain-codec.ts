/** A codec as simple as one can be: the length of a text in four bytes, and the text. */
import { type Codec, isSyncError, SyncError } from "@datahike-sync/core";
import { type Edn, print, type ReaderOptions, read } from "@datahike-sync/edn";

export class PlainCodec implements Codec {
  readonly name: string = "plain";
  readonly lossy: Codec["lossy"] = ["extension"];

  encode(value: Edn): Uint8Array {
    return this.frame(new TextEncoder().encode(this.textOf(value)));
  }

  decode(bytes: Uint8Array): Edn {
    return this.valueOf(this.decodeText(this.unframe(bytes)));
  }

  frame(text: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(4 + text.length);
    new DataView(bytes.buffer).setUint32(0, text.length);
    bytes.set(text, 4);
    return bytes;
  }

  unframe(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    const end = length < 4 ? 4 : 4 + viewOf(bytes).getUint32(0);
    if (length < end) throw failure("CODEC_TRUNCATED", length);
    if (length > end) throw failure("CODEC_INVALID", end);
    return bytes.subarray(4);
  }

  textOf(value: Edn): string {
    try {
      return print(value);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new SyncError("CODEC_LIMIT", "too deep", { cause, details: { limit: "maxDepth" } });
    }
  }

  decodeText(bytes: Uint8Array): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw failure("CODEC_INVALID", 4, cause);
    }
  }

  valueOf(text: string, options?: ReaderOptions): Edn {
    try {
      return read(text, options);
    } catch (cause) {
      if (!isSyncError(cause, "EDN_SYNTAX")) throw cause;
      throw failure("CODEC_INVALID", 4, cause);
    }
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function failure(code: string, offset: number, cause?: unknown): SyncError {
  return new SyncError(code, "these bytes are wrong", { details: { offset }, cause });
}
