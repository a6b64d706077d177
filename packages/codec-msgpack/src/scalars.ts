/** The payloads of extensions that hold no other value, and of names. Each ends where the input stands. */

import { exceeded, invalid } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";
import {
  bigInteger,
  char,
  type Edn,
  fromTwosComplement,
  regex,
  symbol,
  Uuid,
  uri,
} from "@datahike-sync/edn";
import {
  BIG_INTEGER,
  BOOLEAN_ARRAY,
  CHAR,
  INSTANT,
  INVALID_INSTANT,
  NAME_SEPARATOR,
  REGEX,
  SHORT_ARRAY,
  SYMBOL,
  URI,
  UUID,
} from "./extension-types.ts";
import type { Input } from "./input.ts";
import { readInstant } from "./instant.ts";
import type { MsgpackLimits } from "./limits.ts";
import { readElements } from "./number-arrays.ts";

/** The scalar that an extension of this type stands for, or `undefined` where the type is none of one. */
export function readScalar(
  type: number,
  start: number,
  input: Input,
  limits: MsgpackLimits,
): Edn | undefined {
  switch (type) {
    case INSTANT:
      return readInstant(start, input);
    case SYMBOL:
      return symbol(...readName(start, input));
    case UUID:
      return readUuid(start, input);
    case BIG_INTEGER:
      return bigInteger(readInteger(start, input, limits));
    case CHAR:
      expectLength(2, start, input);
      return char(input.view.getUint16(start));
    case URI:
      return uri(readText(start, input));
    case REGEX:
      return regex(readText(start, input));
    case INVALID_INSTANT:
      expectLength(0, start, input);
      return new Date(Number.NaN);
    default:
      return type >= SHORT_ARRAY && type <= BOOLEAN_ARRAY
        ? readElements(type, start, input)
        : undefined;
  }
}

/** The text from `start` on. */
export function readText(start: number, input: Input): string {
  return decodeText(input.bytes, start, input.at, true);
}

/** The namespace and name from `start` on. */
export function readName(
  start: number,
  { bytes, at }: Input,
): [namespace: string | null, name: string] {
  for (let i = start; i < at; i++) {
    if (bytes[i] !== NAME_SEPARATOR) continue;
    return [decodeText(bytes, start, i, true), decodeText(bytes, i + 1, at, true)];
  }
  return [null, decodeText(bytes, start, at, true)];
}

/** The place from `start` on: an unsigned integer of 1, 2 or 4 bytes. */
export function readPlace(start: number, input: Input): number {
  switch (input.at - start) {
    case 1:
      return input.bytes[start] ?? 0;
    case 2:
      return input.view.getUint16(start);
    case 4:
      return input.view.getUint32(start);
    default:
      throw invalid("a place of another length", start);
  }
}

function readUuid(start: number, input: Input): Uuid {
  expectLength(16, start, input);
  const { view } = input;
  return new Uuid(
    view.getInt32(start),
    view.getInt32(start + 4),
    view.getInt32(start + 8),
    view.getInt32(start + 12),
  );
}

function readInteger(start: number, { bytes, at }: Input, limits: MsgpackLimits): bigint {
  const { maxIntegerBytes } = limits;
  if (at - start > maxIntegerBytes) throw exceeded("maxIntegerBytes", maxIntegerBytes, start);
  if (at === start) throw invalid("an integer without bytes", start);
  return fromTwosComplement(bytes.subarray(start, at));
}

function expectLength(length: number, start: number, { at }: Input): void {
  if (at - start !== length) throw invalid("a payload of another length", start, { length });
}
