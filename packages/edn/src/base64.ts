/** Base64 as RFC 4648 has it, padded. The engines' own functions go by strings or come too late. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const EQUALS_SIGN = 0x3d;

/** The padded text of these bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += digit(group >> 18) + digit(group >> 12);
    text += left > 1 ? digit(group >> 6) : "=";
    text += left > 2 ? digit(group) : "=";
  }
  return text;
}

/**
 * The bytes of a padded text.
 *
 * @throws {RangeError} when it is no base64.
 */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new RangeError("base64 comes in groups of four");
  let end = text.length;
  while (text.length - end < 2 && text.charCodeAt(end - 1) === EQUALS_SIGN) end--;
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let group = 0;
  let place = 0;
  for (let i = 0; i < end; i++) {
    const value = DIGITS[text.charCodeAt(i)] ?? NO_DIGIT;
    if (value === NO_DIGIT) throw new RangeError("not a digit of base64");
    group = (group << 6) | value;
    if (i % 4 !== 0) bytes[place++] = group >> (6 - 2 * (i % 4));
  }
  return bytes;
}

const NO_DIGIT = 255;

const DIGITS: Readonly<Uint8Array> = digits();

function digits(): Uint8Array {
  const table = new Uint8Array(128).fill(NO_DIGIT);
  for (let value = 0; value < 64; value++) table[ALPHABET.charCodeAt(value)] = value;
  return table;
}

function digit(group: number): string {
  return ALPHABET.charAt(group & 63);
}
