/** Integers of any size as Java's `BigInteger` has them: two's complement, most significant first. */
import { toHex } from "./hex.ts";

/** The integer of these bytes; of none, 0. */
export function fromTwosComplement(bytes: Uint8Array): bigint {
  if (bytes.length <= SMALL_BYTES) return BigInt(smallInteger(bytes));
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${toHex(bytes)}`));
}

/** The fewest bytes that hold this integer and its sign. */
export function toTwosComplement(value: bigint): Uint8Array {
  if (value >= -SMALL && value < SMALL) return smallBytes(Number(value));
  // ~n takes as many bits as n without its sign.
  const digits = (value < 0n ? ~value : value).toString(16);
  const flip = value < 0n ? 0xff : 0;
  // The first bit says the sign.
  const length = (digits.length + (nibble(digits, 0) < 8 ? 1 : 2)) >> 1;
  const bytes = new Uint8Array(length);
  for (let i = length - 1, at = digits.length - 2; i >= 0; i--, at -= 2) {
    bytes[i] = ((nibble(digits, at) << 4) | nibble(digits, at + 1)) ^ flip;
  }
  return bytes;
}

/** Integers of up to six bytes are exact numbers, which are quicker than text. */
const SMALL_BYTES = 6;
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

/** The value of a hexadecimal digit; before the text, 0. */
function nibble(digits: string, at: number): number {
  if (at < 0) return 0;
  const unit = digits.charCodeAt(at);
  return unit < 0x40 ? unit - 0x30 : unit - 0x57;
}
