/** Integers of any size as Java's `BigInteger` has them: two's complement, most significant first. */

/** The integer of these bytes; of none, 0. */
export function fromTwosComplement(bytes: Uint8Array): bigint {
  if (bytes.length <= 6) return BigInt(smallInteger(bytes));
  let digits = "0x";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return BigInt.asIntN(8 * bytes.length, BigInt(digits));
}

/** The fewest bytes that hold this integer and its sign. */
export function toTwosComplement(value: bigint): Uint8Array {
  if (value >= -SMALL && value < SMALL) return smallBytes(Number(value));
  const negative = value < 0n;
  // ~n takes as many bits as n without its sign.
  const digits = (negative ? ~value : value).toString(16);
  const length = (digits.length + (NO_ROOM_FOR_SIGN.test(digits) ? 2 : 1)) >> 1;
  const padded = digits.padStart(2 * length, "0");
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const byte = Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16);
    bytes[i] = negative ? ~byte : byte;
  }
  return bytes;
}

const NO_ROOM_FOR_SIGN = /^[89a-f]/;

/** Integers of up to six bytes are exact numbers, which are quicker than text. */
const SMALL = 2n ** 47n;

function smallInteger(bytes: Uint8Array): number {
  const [first = 0] = bytes;
  let value = first < 0x80 ? 0 : -1;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

function smallBytes(value: number): Uint8Array {
  let length = 1;
  for (let bound = 2 ** 7; value >= bound || value < -bound; bound *= 256) length++;
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    // Takes the low eight bits, also of a negative number.
    bytes[i] = rest;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
