/** Integers of any size in two's complement, most significant byte first, as Java's `BigInteger` has them. */

/** The integer of these bytes, of which there is at least one. */
export function fromTwosComplement(bytes: Uint8Array): bigint {
  let digits = "0x";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return BigInt.asIntN(8 * bytes.length, BigInt(digits));
}

/** The fewest bytes that hold this integer and its sign. */
export function toTwosComplement(value: bigint): Uint8Array {
  // ~n takes as many bits as n without its sign.
  const digits = (value < 0n ? ~value : value).toString(16);
  const bits = 4 * digits.length + 28 - Math.clz32(Number.parseInt(digits.charAt(0), 16));
  const bytes = new Uint8Array((bits >> 3) + 1);
  const padded = digits.padStart(2 * bytes.length, "0");
  const flip = value < 0n ? 0xff : 0;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = flip ^ Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}
