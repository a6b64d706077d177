/** Numbers as EDN text. */

import { isLong } from "./kind.ts";
import { bigInteger, decimal, double, long, ratio } from "./number.ts";
import type { Edn } from "./value.ts";

// Each pattern is deterministic: no text makes it look back.
const INTEGER =
  /^([+-]?)(?:(0|[1-9]\d*)|0[xX]([\da-fA-F]+)|0([0-7]+)|([1-9]\d?)[rR]([\da-zA-Z]+))(N?)$/;
const RATIO = /^([+-]?\d+)\/(\d+)$/;
const DECIMAL = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M$/;
const DOUBLE = /^[+-]?\d+(?:\.\d*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)$/;

/**
 * The number of a whole token: long, big integer, double, decimal or ratio.
 *
 * @throws {RangeError} when it is none.
 */
export function parseNumber(token: string): Edn {
  const integer = INTEGER.exec(token);
  if (integer !== null) {
    const magnitude = parseMagnitude(integer);
    const value = integer[1] === "-" ? -magnitude : magnitude;
    return integer[7] === "N" || !isLong(value) ? bigInteger(value) : long(value);
  }
  if (DOUBLE.test(token)) return double(Number(token));
  if (DECIMAL.test(token)) return decimal(token.slice(0, -1));
  const parts = RATIO.exec(token);
  if (parts === null) throw new RangeError("not a number");
  const quotient = ratio(BigInt((parts[1] ?? "").replace("+", "")), BigInt(parts[2] ?? ""));
  return typeof quotient === "bigint" && !isLong(quotient) ? bigInteger(quotient) : quotient;
}

function parseMagnitude([, , plain, hexadecimal, octal, radix, digits]: RegExpExecArray): bigint {
  if (plain !== undefined) return BigInt(plain);
  if (hexadecimal !== undefined) return BigInt(`0x${hexadecimal}`);
  if (octal !== undefined) return BigInt(`0o${octal}`);
  return parseRadix(digits ?? "", Number(radix));
}

/** As many digits of any radix as a double holds exactly. */
const STEP = 10;

function parseRadix(digits: string, radix: number): bigint {
  if (radix < 2 || radix > 36) throw new RangeError("the radix is not between 2 and 36");
  let value = 0n;
  for (let i = 0; i < digits.length; i += STEP) {
    const step = digits.slice(i, i + STEP);
    value = value * BigInt(radix) ** BigInt(step.length) + BigInt(parseDigits(step, radix));
  }
  return value;
}

function parseDigits(digits: string, radix: number): number {
  let value = 0;
  for (const digit of digits) {
    const place = Number.parseInt(digit, 36);
    if (place >= radix) throw new RangeError("not a digit of this radix");
    value = value * radix + place;
  }
  return value;
}
