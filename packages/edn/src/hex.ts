/** Bytes as hexadecimal text, lower case. */

/** Two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += PIECE) text += hexOf(bytes.subarray(i, i + PIECE));
  return text;
}

/** The digits of one byte. */
export function byteToHex(byte: number): string {
  return HEX[byte & 0xff] as string;
}

/** In pieces: a text of millions of digits, each added by itself, takes fifteen times its length. */
const PIECE = 1024;

function hexOf(bytes: Uint8Array): string {
  const units: number[] = [];
  for (const byte of bytes) units.push(digit(byte >> 4), digit(byte & 0xf));
  return String.fromCharCode(...units);
}

/** The UTF-16 unit of a digit below 16. */
function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
