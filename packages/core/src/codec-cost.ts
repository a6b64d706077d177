/** @packageDocumentation What reading bytes costs, for authors of codecs. */
import { type Edn, kindOf } from "@datahike-sync/edn";

/** An array with room for just so many items. To push them takes three times as long, and more room. */
export function roomFor<T>(count: number): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- there is no other way to an array of this size
  return new Array<T>(count);
}

/** Whether it takes long to tell a key from others: it holds further values, or many digits. */
export function isCostlyKey(key: Edn): boolean {
  switch (kindOf(key)) {
    case "vector":
    case "list":
    case "rawList":
    case "map":
    case "set":
    case "record":
    case "tagged":
    case "numberArray":
    case "extension":
    case "bigInteger":
    case "decimal":
    case "ratio":
      return true;
    default:
      return false;
  }
}
