/** Scalars that are strings: `~`, a letter that says the kind, and the rest. */
import { exceeded, invalid } from "@datahike-sync/core/codec-failure";
import {
  bigInteger,
  char,
  decimal,
  decodeBase64,
  double,
  type Edn,
  isLong,
  long,
  parseInstant,
  symbol,
  uri,
  uuid,
} from "@datahike-sync/edn";

/** Whether this letter stands for a kind of transit's own, keywords and the quote included. */
export function isScalarTag(tag: string): boolean {
  return tag.length === 1 && LETTERS.includes(tag);
}

const LETTERS = "_?idnfzmtucrb:$'";

/**
 * The scalar of this letter, keywords excepted.
 *
 * @throws {SyncError} `CODEC_INVALID` or `CODEC_LIMIT` when the rest is none that the letter can have.
 */
export function parseScalar(letter: string, rest: string, offset: number, maxDigits: number): Edn {
  if (NUMBERS.includes(letter) && rest.length > maxDigits) {
    throw exceeded("maxDigits", maxDigits, offset);
  }
  try {
    const value = scalarOf(letter, rest);
    if (value !== undefined) return value;
  } catch (cause) {
    throw invalid("a scalar that is none of its kind", offset, { tag: letter }, cause);
  }
  throw invalid("a scalar that is none of its kind", offset, { tag: letter });
}

const NUMBERS = "idnfm";

/** `undefined` where the rest is none of this letter; what is thrown says the same. */
function scalarOf(letter: string, rest: string): Edn | undefined {
  switch (letter) {
    case "_":
      return rest === "" ? null : undefined;
    case "?":
      return rest === "t" ? true : rest === "f" ? false : undefined;
    case "i":
      return INTEGER.test(rest) ? integerOf(BigInt(rest)) : undefined;
    case "d":
      return DOUBLE.test(rest) ? double(Number(rest)) : undefined;
    case "n":
      return INTEGER.test(rest) ? bigInteger(BigInt(rest)) : undefined;
    case "f":
      return decimal(rest);
    case "z":
      return SPECIAL.get(rest);
    case "m":
      return INTEGER.test(rest) ? instantOf(Number(rest)) : undefined;
    case "t":
      return instantOf(parseInstant(rest).getTime());
    case "u":
      return uuid(rest);
    case "c":
      return char(rest);
    case "r":
      return uri(rest);
    case "b":
      return decodeBase64(rest);
    case "$":
      return symbol(rest);
    default:
      return undefined;
  }
}

/** The instant of so many milliseconds; `undefined` beyond those of `Date`. */
export function instantOf(time: number): Date | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** What is beyond 64 bits is no long. */
function integerOf(value: bigint): Edn {
  return isLong(value) ? long(value) : bigInteger(value);
}

const INTEGER = /^-?\d+$/;
const DOUBLE = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Doubles that JSON has no form for. */
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["INF", Number.POSITIVE_INFINITY],
  ["-INF", Number.NEGATIVE_INFINITY],
]);
