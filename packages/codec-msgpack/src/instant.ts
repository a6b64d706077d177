/** Instants as MessagePack's timestamps: seconds since 1970 and nanoseconds, in 4, 8 or 12 bytes. */

import { invalid } from "@datahike-sync/core/codec-failure";
import { INSTANT, INVALID_INSTANT } from "./extension-types.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";

/** Writes an instant in the shortest form that fits. */
export function writeInstant(date: Date, output: Output): void {
  const time = date.getTime();
  if (Number.isNaN(time)) return output.extension(INVALID_INSTANT, 0);
  const seconds = Math.floor(time / 1000);
  const nanoseconds = (time - seconds * 1000) * 1e6;
  if (seconds < 0 || seconds >= 2 ** 34) {
    output.extension(INSTANT, 12);
    output.word(nanoseconds);
    output.word(Math.floor(seconds / 2 ** 32));
  } else if (nanoseconds > 0 || seconds >= 2 ** 32) {
    output.extension(INSTANT, 8);
    output.word(nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
  } else {
    output.extension(INSTANT, 4);
  }
  output.word(seconds);
}

/** The instant of a payload from `start` on. What is below a millisecond is dropped. */
export function readInstant(start: number, { view, at }: Input): Date {
  const [seconds, nanoseconds] = readTimestamp(view, start, at - start);
  if (nanoseconds >= 1e9) throw invalid("nanoseconds of a second or more", start);
  const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  if (Number.isNaN(date.getTime())) throw invalid("an instant beyond those of Date", start);
  return date;
}

function readTimestamp(
  view: DataView,
  start: number,
  length: number,
): [seconds: number, nanoseconds: number] {
  switch (length) {
    case 4:
      return [view.getUint32(start), 0];
    case 8: {
      const high = view.getUint32(start);
      return [(high & 3) * 2 ** 32 + view.getUint32(start + 4), high >>> 2];
    }
    case 12:
      return [Number(view.getBigInt64(start + 4)), view.getUint32(start)];
    default:
      throw invalid("a timestamp of another length", start);
  }
}
