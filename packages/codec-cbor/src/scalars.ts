/** What tags make of one value that they are put before. */

import type { Budget } from "@datahike-sync/core/codec-cost";
import { exceeded, invalid } from "@datahike-sync/core/codec-failure";
import {
  bigInteger,
  Decimal,
  type Edn,
  fromTwosComplement,
  isKind,
  kindOf,
  long,
  ratio,
  regex,
  uri,
  uuid,
} from "@datahike-sync/edn";
import { instantOf, parseInstant } from "./instant.ts";
import { elementSize, readElements } from "./number-arrays.ts";
import {
  DECIMAL,
  INSTANT_SECONDS,
  INSTANT_TEXT,
  isNumberArray,
  NEGATIVE,
  POSITIVE,
  RATIO,
  REGEX,
  URI,
  UUID,
} from "./tags.ts";

/** The content of a tag. */
export interface Content {
  readonly value: Edn;
  /** Where it begins, and how many bytes it takes. */
  readonly start: number;
  readonly bytes: number;
}

/** The value that a tag makes of its content, or `undefined` where the tag has no such meaning. */
export function readScalar(
  tag: number | bigint,
  content: Content,
  maxIntegerBytes: number,
  budget: Budget,
): Edn | undefined {
  switch (tag) {
    case INSTANT_TEXT:
      return instant(parseInstant(textOf(content)), content);
    case INSTANT_SECONDS:
      return instant(instantOf(secondsOf(content)), content);
    case POSITIVE:
      return bigInteger(magnitudeOf(content, maxIntegerBytes));
    case NEGATIVE:
      return bigInteger(-1n - magnitudeOf(content, maxIntegerBytes));
    case DECIMAL:
      return decimalOf(content);
    case RATIO:
      return ratioOf(content, budget);
    case URI:
      return uri(textOf(content));
    case REGEX:
      return regex(textOf(content));
    case UUID:
      return uuidOf(content);
    default:
      return typeof tag === "number" && isNumberArray(tag)
        ? numbersOf(tag, content, budget)
        : undefined;
  }
}

function instant(date: Date | undefined, { start }: Content): Date {
  if (date === undefined) throw invalid("not an instant of Date", start);
  return date;
}

function secondsOf({ value, start }: Content): number {
  const kind = kindOf(value);
  if (kind === "long" || kind === "double" || kind === "float") return Number(value);
  throw invalid("an instant that is no number", start);
}

function magnitudeOf(content: Content, maxIntegerBytes: number): bigint {
  const bytes = bytesOf(content);
  if (bytes.length > maxIntegerBytes) {
    throw exceeded("maxIntegerBytes", maxIntegerBytes, content.start);
  }
  if ((bytes[0] ?? 0) < 0x80) return fromTwosComplement(bytes);
  // A byte before them says that it is not below zero.
  const positive = new Uint8Array(bytes.length + 1);
  positive.set(bytes, 1);
  return fromTwosComplement(positive);
}

function decimalOf(content: Content): Edn {
  const [exponent, unscaled] = integersOf(content);
  const scale = -exponent;
  if (BigInt.asIntN(32, scale) !== scale) throw invalid("a scale beyond 32 bits", content.start);
  return new Decimal(unscaled, Number(scale));
}

function ratioOf(content: Content, budget: Budget): Edn {
  const [numerator, denominator] = integersOf(content);
  if (denominator === 0n) throw invalid("a ratio over 0", content.start);
  budget.ratio(content.bytes, content.start);
  return ratio(numerator, denominator);
}

function uuidOf(content: Content): Edn {
  const bytes = bytesOf(content);
  if (bytes.length !== 16) throw invalid("a UUID without 16 bytes", content.start);
  return uuid(bytes);
}

function numbersOf(tag: number, content: Content, budget: Budget): Edn {
  const bytes = bytesOf(content);
  if (bytes.length % elementSize(tag) !== 0) {
    throw invalid("an array that ends within an element", content.start);
  }
  const numbers = readElements(tag, bytes);
  if (!(numbers instanceof BigUint64Array)) return numbers;
  for (const _ of numbers) budget.object(content.start);
  return Object.freeze(Array.from(numbers, long));
}

/** The two integers that a ratio or decimal is made of. */
function integersOf({ value, start }: Content): readonly [first: bigint, second: bigint] {
  const items = Array.isArray(value) ? (value as readonly Edn[]) : [];
  const [first, second] = [integerOf(items[0]), integerOf(items[1])];
  if (first === undefined || second === undefined || items.length > 2) {
    throw invalid("not two integers", start);
  }
  return [first, second];
}

function integerOf(value: Edn | undefined): bigint | undefined {
  if (isKind(value, "bigInteger")) return value.value;
  return kindOf(value) === "long" ? BigInt(value as number | bigint) : undefined;
}

function textOf({ value, start }: Content): string {
  if (typeof value !== "string") throw invalid("a tag of text before something else", start);
  return value;
}

function bytesOf({ value, start }: Content): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalid("a tag of bytes before something else", start);
  return value;
}
