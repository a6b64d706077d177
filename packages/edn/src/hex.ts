/** Bytes as hexadecimal text, lower case. */

/** Two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** The digits of one byte. */
export function byteToHex(byte: number): string {
  return HEX[byte & 0xff] as string;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
