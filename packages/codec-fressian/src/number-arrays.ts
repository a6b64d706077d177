/** Java arrays of numbers and booleans: a count, then each element as the value that it is. */

import { roomFor } from "@datahike-sync/core/codec-cost";
import { invalid } from "@datahike-sync/core/codec-failure";
import { type ElementType, type NumberArray, numberArray } from "@datahike-sync/edn";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";

/** The code of each type of elements; Fressian has none for `short[]`. */
export const ARRAY_CODES: Readonly<Record<Exclude<ElementType, "short">, number>> = {
  long: 0xb0,
  double: 0xb1,
  boolean: 0xb2,
  int: 0xb3,
  float: 0xb4,
  object: 0xb5,
};

/** The array with a code from 0xb0 up to 0xb4 and this many elements. */
export function readNumbers(code: number, count: number, input: Input): NumberArray {
  switch (code) {
    case 0xb0:
      return numberArray("long", readLongs(count, input));
    case 0xb1:
      return numberArray("double", readDoubles(count, input));
    case 0xb2:
      return numberArray("boolean", readBooleans(count, input));
    case 0xb3:
      return numberArray("int", readInts(count, input));
    default:
      return numberArray("float", readFloats(count, input));
  }
}

function readLongs(count: number, input: Input): BigInt64Array {
  const items = new BigInt64Array(count);
  for (let i = 0; i < count; i++) {
    const item = input.int(input.code());
    if (item === undefined) throw wrongElement(input);
    items[i] = BigInt(item);
  }
  return items;
}

function readInts(count: number, input: Input): Int32Array {
  const items = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const item = input.int(input.code());
    if (typeof item !== "number" || (item | 0) !== item) throw wrongElement(input);
    items[i] = item;
  }
  return items;
}

function readDoubles(count: number, input: Input): Float64Array {
  const items = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const code = input.code();
    if (code < 0xfa || code > 0xfc) throw wrongElement(input);
    items[i] = code === 0xfa ? input.double() : code - 0xfb;
  }
  return items;
}

function readFloats(count: number, input: Input): Float32Array {
  const items = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    if (input.code() !== 0xf9) throw wrongElement(input);
    items[i] = input.float();
  }
  return items;
}

function readBooleans(count: number, input: Input): readonly boolean[] {
  const items = roomFor<boolean>(count);
  for (let i = 0; i < count; i++) {
    const code = input.code();
    if (code !== 0xf5 && code !== 0xf6) throw wrongElement(input);
    items[i] = code === 0xf5;
  }
  return Object.freeze(items);
}

/** The error where the element that was just read is of another type than its array. */
function wrongElement(input: Input): Error {
  return invalid("an element of another type than its array", input.at - 1);
}

/** Writes the elements of an array of numbers or booleans. */
export function writeNumbers(array: NumberArray, output: Output): void {
  const { items } = array;
  if (items instanceof BigInt64Array) {
    for (const item of items) output.long(item);
  } else if (items instanceof Float64Array) {
    for (const item of items) output.double(item);
  } else if (items instanceof Float32Array) {
    for (const item of items) output.float(item);
  } else if (items instanceof Int32Array) {
    for (const item of items) output.int(item);
  } else {
    for (const item of items) output.byte(item === true ? 0xf5 : 0xf6);
  }
}
