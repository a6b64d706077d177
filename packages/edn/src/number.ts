import { doubleIdentity } from "./identity.ts";

/**
 * A double whose value is a safe integer, such as Clojure's `1.0`: the JavaScript number `1` is the
 * long. Every other double is a plain number. Made by {@link double}.
 */
export class Double {
  readonly value: number;

  constructor(value: number) {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is a double by itself`);
    this.value = value;
    Object.freeze(this);
  }

  get ednKind(): "double" {
    return "double";
  }

  get identity(): string {
    return doubleIdentity(this.value);
  }

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return formatDouble(this.value);
  }
}

/** A number of single precision. Equal to the double of the same value. Made by {@link float}. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = Math.fround(value);
    Object.freeze(this);
  }

  get ednKind(): "float" {
    return "float";
  }

  get identity(): string {
    return doubleIdentity(this.value);
  }

  valueOf(): number {
    return this.value;
  }

  /** The shortest digits that name this value in single precision, as the JVM prints it. */
  toString(): string {
    return formatDigits(this.value, shortestFloat);
  }
}

/**
 * An integer that Clojure keeps as arbitrary precision (`12N`). Equal to the long of the same value,
 * but encoded differently. Made by {@link bigInteger}.
 */
export class BigInteger {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
    Object.freeze(this);
  }

  get ednKind(): "bigInteger" {
    return "bigInteger";
  }

  get identity(): string {
    return `i${this.value}`;
  }

  toString(): string {
    return this.value.toString();
  }
}

/** A quotient in lowest terms with a denominator of at least 2. Made by {@link ratio}. */
export class Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;

  /** @internal Does not reduce; use {@link ratio}. */
  constructor(numerator: bigint, denominator: bigint) {
    this.numerator = numerator;
    this.denominator = denominator;
    Object.freeze(this);
  }

  get ednKind(): "ratio" {
    return "ratio";
  }

  get identity(): string {
    return `r${this.numerator}/${this.denominator}`;
  }

  toString(): string {
    return `${this.numerator}/${this.denominator}`;
  }
}

/**
 * A decimal, `unscaled` times ten to the power of minus `scale` (32 bits, signed), as Java's
 * `BigDecimal`. `1.5M` and `1.50M` are equal and keep their scales. Made by {@link decimal}.
 */
export class Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
  #identity: string | undefined;

  constructor(unscaled: bigint, scale: number) {
    if ((scale | 0) !== scale) throw new RangeError(`the scale ${scale} is no 32-bit integer`);
    this.unscaled = unscaled;
    this.scale = scale;
    Object.freeze(this);
  }

  get ednKind(): "decimal" {
    return "decimal";
  }

  get identity(): string {
    return (this.#identity ??= decimalIdentity(this.unscaled, this.scale));
  }

  /** As Java's `BigDecimal.toString`: scientific when the exponent is far from the digits. */
  toString(): string {
    return formatDecimal(this.unscaled, this.scale);
  }
}

/** The double of this value: the number itself where that cannot be taken for a long. */
export function double(value: number): number | Double {
  return Number.isSafeInteger(value) ? new Double(value) : value;
}

/** The value rounded to single precision. */
export function float(value: number): Float {
  return new Float(value);
}

/** The long of this value: a number where that is safe. Beyond 64 bits it is a big integer. */
export function long(value: bigint): number | bigint {
  return value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

/** The arbitrary-precision integer of this value. */
export function bigInteger(value: bigint | number): BigInteger {
  return new BigInteger(BigInt(value));
}

/**
 * The quotient in lowest terms; a long where the denominator divides.
 *
 * @throws {RangeError} when the denominator is zero.
 */
export function ratio(
  numerator: bigint | number,
  denominator: bigint | number,
): Ratio | number | bigint {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  if (d === 0n) throw new RangeError("a ratio's denominator is not zero");
  const divisor = greatestCommonDivisor(n, d) * (d < 0n ? -1n : 1n);
  return d === divisor ? long(n / divisor) : new Ratio(n / divisor, d / divisor);
}

/**
 * The decimal of this text (`"1.50"`, `"-0.001"`, `"1E+3"`) or of these parts.
 *
 * @throws {RangeError} when the text is no decimal or the scale does not fit 32 bits.
 */
export function decimal(text: string): Decimal;
export function decimal(unscaled: bigint, scale: number): Decimal;
export function decimal(source: string | bigint, scale = 0): Decimal {
  if (typeof source === "bigint") return new Decimal(source, scale);
  const match = DECIMAL.exec(source);
  if (match === null) throw new RangeError("not a decimal");
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const unscaled = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return new Decimal(unscaled, fraction.length - Number(exponent));
}

/** A double as Java's `Double.toString` prints it: `1.0`, `1.0E10`, `1.0E-5`, `NaN`, `Infinity`. */
export function formatDouble(value: number): string {
  return formatDigits(value, String);
}

const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const DECIMAL = /^([+-]?)(?=\d|\.\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,10}))?$/;

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Clojure compares decimals by value: trailing zeros do not count. */
function decimalIdentity(unscaled: bigint, scale: number): string {
  if (unscaled === 0n) return "m0e0";
  const digits = unscaled.toString();
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return `m${digits.slice(0, end)}e${digits.length - end - scale}`;
}

function formatDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  const exponent = digits.length - 1 - scale;
  if (scale >= 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, "0");
    const whole = padded.slice(0, padded.length - scale);
    return scale === 0 ? sign + whole : `${sign}${whole}.${padded.slice(padded.length - scale)}`;
  }
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${sign}${mantissa}E${exponent < 0 ? "" : "+"}${exponent}`;
}

/**
 * A number laid out as Java does, plain from 10^-3 up to 10^7. `shortest` gives a magnitude in as
 * few digits as name it; where one would do, Java takes the two that are nearest.
 */
function formatDigits(value: number, shortest: (magnitude: number) => string): string {
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (!Number.isFinite(value)) return `${sign}Infinity`;
  if (value === 0) return `${sign}0.0`;
  let [digits, exponent] = significant(shortest(Math.abs(value)));
  if (digits.length === 1) [digits, exponent] = significant(Math.abs(value).toExponential(1));
  if (exponent < -3 || exponent >= 7) {
    return `${sign}${digits.slice(0, 1)}.${digits.slice(1) || "0"}E${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** The digits of a text such as `0.0012` or `1.2e-7` without zeros around, and the first one's power. */
function significant(text: string): [digits: string, exponent: number] {
  const [mantissa = "", power = "0"] = text.split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const leadingZeros = whole.length + fraction.length - digits.length;
  return [digits.replace(/0+$/, ""), Number(power) + whole.length - leadingZeros - 1];
}

/** The shortest digits that round to this float, of these the nearest, of two such the even ones. */
function shortestFloat(magnitude: number): string {
  // All digits there are, except of the smallest floats, whose last ones decide nothing.
  const [mantissa = "", exponent] = magnitude.toExponential(100).split("e");
  const digits = mantissa.replace(".", "");
  for (let count = 1; count <= 9; count++) {
    const below = Number(digits.slice(0, count));
    const rest = digits.slice(count);
    const half = "5".padEnd(rest.length, "0");
    const up = rest > half || (rest === half && below % 2 === 1);
    for (const nearest of up ? [below + 1, below] : [below, below + 1]) {
      const text = `${nearest}e${Number(exponent) - count + 1}`;
      if (Math.fround(Number(text)) === magnitude) return text;
    }
  }
  return String(magnitude);
}
