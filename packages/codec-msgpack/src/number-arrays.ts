/** Java arrays of numbers and booleans, as the payloads of extensions: element behind element. */

import { roomFor } from "@datahike-sync/core/codec-cost";
import { invalid } from "@datahike-sync/core/codec-failure";
import { type ElementType, type NumberArray, numberArray } from "@datahike-sync/edn";
import {
  BOOLEAN_ARRAY,
  DOUBLE_ARRAY,
  FLOAT_ARRAY,
  INT_ARRAY,
  LONG_ARRAY,
  SHORT_ARRAY,
} from "./extension-types.ts";
import type { Input } from "./input.ts";

/** The type of an extension and the bytes of an element. Arrays of objects are no extension. */
export const ELEMENTS: Readonly<
  Record<Exclude<ElementType, "object">, [type: number, size: number]>
> = {
  short: [SHORT_ARRAY, 2],
  int: [INT_ARRAY, 4],
  long: [LONG_ARRAY, 8],
  float: [FLOAT_ARRAY, 4],
  double: [DOUBLE_ARRAY, 8],
  boolean: [BOOLEAN_ARRAY, 1],
};

/** Writes the elements of an array, which is none of objects, to a view that has room for them. */
export function writeElements({ items }: NumberArray, view: DataView): void {
  if (items instanceof Int16Array) {
    for (let i = 0; i < items.length; i++) view.setInt16(2 * i, items[i] ?? 0);
  } else if (items instanceof Int32Array) {
    for (let i = 0; i < items.length; i++) view.setInt32(4 * i, items[i] ?? 0);
  } else if (items instanceof BigInt64Array) {
    for (let i = 0; i < items.length; i++) view.setBigInt64(8 * i, items[i] ?? 0n);
  } else if (items instanceof Float32Array) {
    for (let i = 0; i < items.length; i++) view.setFloat32(4 * i, oneNaN(items[i] ?? 0));
  } else if (items instanceof Float64Array) {
    for (let i = 0; i < items.length; i++) view.setFloat64(8 * i, oneNaN(items[i] ?? 0));
  } else {
    for (let i = 0; i < items.length; i++) view.setUint8(i, items[i] === true ? 1 : 0);
  }
}

/** The array of an extension of one of these types, with its payload from `start` on. */
export function readElements(type: number, start: number, { bytes, at }: Input): NumberArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, at - start);
  switch (type) {
    case SHORT_ARRAY: {
      const items = new Int16Array(countOf(2, view, start));
      for (let i = 0; i < items.length; i++) items[i] = view.getInt16(2 * i);
      return numberArray("short", items);
    }
    case INT_ARRAY: {
      const items = new Int32Array(countOf(4, view, start));
      for (let i = 0; i < items.length; i++) items[i] = view.getInt32(4 * i);
      return numberArray("int", items);
    }
    case LONG_ARRAY: {
      const items = new BigInt64Array(countOf(8, view, start));
      for (let i = 0; i < items.length; i++) items[i] = view.getBigInt64(8 * i);
      return numberArray("long", items);
    }
    case FLOAT_ARRAY: {
      const items = new Float32Array(countOf(4, view, start));
      for (let i = 0; i < items.length; i++) items[i] = view.getFloat32(4 * i);
      return numberArray("float", items);
    }
    case DOUBLE_ARRAY: {
      const items = new Float64Array(countOf(8, view, start));
      for (let i = 0; i < items.length; i++) items[i] = view.getFloat64(8 * i);
      return numberArray("double", items);
    }
    default:
      return numberArray("boolean", readBooleans(view, start));
  }
}

function readBooleans(view: DataView, start: number): readonly boolean[] {
  const items = roomFor<boolean>(view.byteLength);
  for (let i = 0; i < items.length; i++) {
    const byte = view.getUint8(i);
    if (byte > 1) throw invalid("neither true nor false", start + i);
    items[i] = byte === 1;
  }
  return Object.freeze(items);
}

function countOf(size: number, { byteLength }: DataView, start: number): number {
  if (byteLength % size !== 0) throw invalid("an array that ends within an element", start);
  return byteLength / size;
}

/** There are many NaNs, and an engine may hand on the bits of any. */
function oneNaN(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}
