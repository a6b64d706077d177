/** Bytes written as in a document: `"92 A3 7E 23 27"`. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** The first bytes of an array in capitals, two digits each, to be compared with {@link hex}. */
export function toHex(bytes: Uint8Array, most = 400): string {
  return Array.from(bytes.subarray(0, most), (byte) =>
    byte.toString(16).padStart(2, "0").toUpperCase(),
  ).join(" ");
}
