/** The order of numbers of all kinds, by value and exact. */
import type { BigInteger, Decimal, Double, Float, Ratio } from "./number.ts";
import type { Edn } from "./value.ts";

/** What a comparison says: the first comes before, with or after the second. */
export type Order = -1 | 0 | 1;

/** A value of a numeric kind. */
export type EdnNumber = number | bigint | Double | Float | BigInteger | Ratio | Decimal;

/** Whether a value is of a numeric kind. */
export function isNumber(value: Edn): value is EdnNumber {
  if (typeof value === "number" || typeof value === "bigint") return true;
  if (typeof value !== "object" || value === null || !("ednKind" in value)) return false;
  switch (value.ednKind) {
    case "double":
    case "float":
    case "bigInteger":
    case "ratio":
    case "decimal":
      return true;
    default:
      return false;
  }
}

/**
 * Compares two numbers of any kinds by value. NaN comes after every other number, with itself.
 */
export function compareNumbers(a: EdnNumber, b: EdnNumber): Order {
  if (typeof a === "number" && typeof b === "number") return comparePrimitives(a, b);
  const [x, y] = [unwrap(a), unwrap(b)];
  if (isPrimitive(x) && isPrimitive(y)) return comparePrimitives(x, y);
  // Infinite and NaN have no fraction.
  if (typeof x === "number" && !Number.isFinite(x)) return x === Number.NEGATIVE_INFINITY ? -1 : 1;
  if (typeof y === "number" && !Number.isFinite(y)) return y === Number.NEGATIVE_INFINITY ? 1 : -1;
  return compareExact(x, y);
}

/** A number that JavaScript compares by itself, exactly also between the two. */
type Primitive = number | bigint;

function unwrap(value: EdnNumber): Primitive | Ratio | Decimal {
  return typeof value === "object" && "value" in value ? value.value : value;
}

function isPrimitive(value: Primitive | Ratio | Decimal): value is Primitive {
  return typeof value !== "object";
}

function comparePrimitives(a: Primitive, b: Primitive): Order {
  if (a < b) return -1;
  if (a > b) return 1;
  const [aIsNaN, bIsNaN] = [Number.isNaN(a), Number.isNaN(b)];
  return aIsNaN === bIsNaN ? 0 : aIsNaN ? 1 : -1;
}

/** A finite number as `numerator / denominator * 10 ** exponent`, the denominator positive. */
interface Scaled {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly exponent: number;
}

function compareExact(a: Primitive | Ratio | Decimal, b: Primitive | Ratio | Decimal): Order {
  const [x, y] = [scaled(a), scaled(b)];
  if (x.denominator === y.denominator && x.exponent === y.exponent) {
    return comparePrimitives(x.numerator, y.numerator);
  }
  const [signX, signY] = [signOf(x), signOf(y)];
  if (signX !== signY || signX === 0) return comparePrimitives(signX, signY);
  // Exponents reach 2^31: only numbers of nearly the same size may be multiplied out.
  const difference = decimalSize(x) - decimalSize(y);
  if (Math.abs(difference) > SIZE_ERROR) return comparePrimitives(difference * signX, 0);
  const shift = x.exponent - y.exponent;
  return comparePrimitives(
    x.numerator * y.denominator * 10n ** BigInt(Math.max(0, shift)),
    y.numerator * x.denominator * 10n ** BigInt(Math.max(0, -shift)),
  );
}

function scaled(value: Primitive | Ratio | Decimal): Scaled {
  if (typeof value === "bigint") return { numerator: value, denominator: 1n, exponent: 0 };
  if (typeof value === "number") return scaledDouble(value);
  return value.ednKind === "ratio"
    ? { numerator: value.numerator, denominator: value.denominator, exponent: 0 }
    : { numerator: value.unscaled, denominator: 1n, exponent: -value.scale };
}

/** The exact value of a finite double. */
function scaledDouble(value: number): Scaled {
  let numerator = value;
  let denominator = 1n;
  // Each step is exact: it moves the exponent by up to 2^53, and a fraction has none above that.
  while (!Number.isInteger(numerator)) {
    numerator *= 2 ** 53;
    denominator *= 2n ** 53n;
  }
  return { numerator: BigInt(numerator), denominator, exponent: 0 };
}

function signOf({ numerator }: Scaled): Order {
  return comparePrimitives(numerator, 0n);
}

/** By how much {@link decimalSize} may be off, with room. */
const SIZE_ERROR = 0.001;

/** The decimal logarithm of the magnitude. */
function decimalSize({ numerator, denominator, exponent }: Scaled): number {
  return logarithm(numerator) - logarithm(denominator) + exponent;
}

function logarithm(value: bigint): number {
  const digits = (value < 0n ? -value : value).toString(16);
  const leading = digits.slice(0, 13);
  return (
    Math.log10(Number.parseInt(leading, 16)) + (digits.length - leading.length) * Math.log10(16)
  );
}
