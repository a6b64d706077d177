/** Arrays of numbers as RFC 8746 has them: the elements in bytes, the tag says what they are. */

import { type ElementType, isLong, type NumberArray, numberArray } from "@datahike-sync/edn";
import { halfOf } from "./input.ts";

/** The tag of each type of elements, as the JVM writes them, and the bytes of an element. */
export const NUMBER_ARRAYS: Readonly<
  Record<Exclude<ElementType, "boolean" | "object">, readonly [tag: number, size: number]>
> = {
  short: [77, 2],
  int: [78, 4],
  long: [79, 8],
  float: [85, 4],
  double: [86, 8],
};

/** Writes the elements of an array of numbers, which the JVM has the low byte first. */
export function writeElements({ items }: NumberArray, view: DataView): void {
  if (items instanceof Int16Array) {
    for (let i = 0; i < items.length; i++) view.setInt16(2 * i, items[i] ?? 0, true);
  } else if (items instanceof Int32Array) {
    for (let i = 0; i < items.length; i++) view.setInt32(4 * i, items[i] ?? 0, true);
  } else if (items instanceof BigInt64Array) {
    for (let i = 0; i < items.length; i++) view.setBigInt64(8 * i, items[i] ?? 0n, true);
  } else if (items instanceof Float32Array) {
    for (let i = 0; i < items.length; i++) view.setFloat32(4 * i, oneNaN(items[i] ?? 0), true);
  } else if (items instanceof Float64Array) {
    for (let i = 0; i < items.length; i++) view.setFloat64(8 * i, oneNaN(items[i] ?? 0), true);
  }
}

/** The bytes of an element of an array with this tag, which is one of 64 up to 86. */
export function elementSize(tag: number): number {
  return (tag < 80 ? 1 : 2) << (tag & 3);
}

/**
 * The array with this tag, whose elements are all of `bytes`. It may go on using their memory. Elements
 * that Java has no type for are of the next larger one, as on the JVM.
 *
 * @returns Of unsigned integers beyond those of a long the integers themselves.
 */
export function readElements(tag: number, bytes: Uint8Array): NumberArray | BigUint64Array {
  const isLow = (tag & LOW_FIRST) !== 0;
  const { buffer } = isLow === IS_PLATFORM_LOW ? bytes : turned(bytes, elementSize(tag));
  switch (tag & ~LOW_FIRST) {
    case 64:
      return numberArray("short", new Int16Array(bytes));
    case 65:
      return numberArray("int", new Int32Array(new Uint16Array(buffer)));
    case 66:
      return numberArray("long", longsOf(new Uint32Array(buffer)));
    case 67: {
      const items = new BigUint64Array(buffer);
      return items.every(isLong) ? numberArray("long", new BigInt64Array(buffer)) : items;
    }
    case 72:
      return numberArray("short", new Int16Array(new Int8Array(buffer)));
    case 73:
      return numberArray("short", new Int16Array(buffer));
    case 74:
      return numberArray("int", new Int32Array(buffer));
    case 75:
      return numberArray("long", new BigInt64Array(buffer));
    case 80:
      return numberArray("float", floatsOf(new Uint16Array(buffer)));
    case 81:
      return numberArray("float", new Float32Array(buffer));
    default:
      return numberArray("double", new Float64Array(buffer));
  }
}

/** The bit of a tag that says that of each element the low byte is first. */
const LOW_FIRST = 4;

/** Whether this machine has the low byte first, too. */
const IS_PLATFORM_LOW: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

// Not `from`, which makes a list of all elements before: of 100 MiB it would take seconds, and a gigabyte.

/** Unsigned integers as longs, without a bigint for each. */
function longsOf(items: Uint32Array): BigInt64Array<ArrayBuffer> {
  const longs = new BigInt64Array(items.length);
  const words = new Uint32Array(longs.buffer);
  const low = IS_PLATFORM_LOW ? 0 : 1;
  for (let i = 0; i < items.length; i++) words[2 * i + low] = items[i] ?? 0;
  return longs;
}

function floatsOf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = halfOf(halves[i] ?? 0);
  return floats;
}

/** A copy of elements of this size, in which the bytes of each are the other way round. */
function turned(bytes: Uint8Array, size: number): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < copy.length; at += size) {
    for (let i = 0; i < size; i++) copy[at + i] = bytes[at + size - 1 - i] ?? 0;
  }
  return copy;
}

/** There are many NaNs, and an engine may hand on the bits of any. */
function oneNaN(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}
