/**
 * @packageDocumentation Text as UTF-8, for authors of codecs. Where UTF-8 ends, at lone surrogates, each
 * is written in the three bytes that its number would take (WTF-8), and who reads must say that these
 * are welcome.
 */
import { roomFor } from "./codec-cost.ts";
import { invalid } from "./codec-failure.ts";

/** How many bytes a text takes. */
export function textSize(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    size += unit < 0x800 ? 1 : 2;
    // A pair takes four bytes, and its two units are counted already.
    if (isPair(unit, text, i)) i++;
  }
  return size;
}

/** Whether UTF-8 can carry a text. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Writes a text of {@link textSize} `size` to `bytes`, which has room for it. */
export function encodeText(text: string, size: number, bytes: Uint8Array, offset: number): void {
  if (size > LONG && (size === text.length || isWellFormed(text))) {
    ENCODER.encodeInto(text, bytes.subarray(offset, offset + size));
  } else {
    encodeUnits(text, bytes, offset);
  }
}

/** Above so many bytes the platform's encoder is quicker than a loop. */
const LONG = 48;

const ENCODER = new TextEncoder();

/**
 * The text of the bytes from `start` up to `end`.
 *
 * @param surrogates Whether lone surrogates are welcome.
 * @throws {SyncError} `CODEC_INVALID` when the bytes are no such text.
 */
export function decodeText(
  bytes: Uint8Array,
  start: number,
  end: number,
  surrogates: boolean,
): string {
  const short = end - start <= SHORT ? decodeAscii(bytes, start, end) : undefined;
  if (short !== undefined) return short;
  try {
    return DECODER.decode(bytes.subarray(start, end));
  } catch (cause) {
    if (surrogates) return decodeAround(bytes, start, end);
    throw invalid("not UTF-8", start, undefined, cause);
  }
}

/** Up to so many bytes it is quicker to look at each than to call the platform's decoder. */
const SHORT = 32;

/** Keeps a byte order mark, which is text like any other here. */
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function encodeUnits(text: string, bytes: Uint8Array, offset: number): void {
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[at++] = unit;
    } else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else if (isPair(unit, text, i)) {
      const point = 0x1_0000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff);
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else {
      bytes[at++] = 0xe0 | (unit >> 12);
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[at++] = 0x80 | (unit & 0x3f);
    }
  }
}

function isPair(unit: number, text: string, index: number): boolean {
  return (unit & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
}

/** The text of few bytes, or `undefined` where one is above ASCII. */
function decodeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  const units = roomFor<number>(end - start);
  for (let at = start; at < end; at++) {
    const unit = bytes[at] ?? 0;
    if (unit >= 0x80) return undefined;
    units[at - start] = unit;
  }
  return String.fromCharCode(...units);
}

/** The text around lone surrogates, and these. */
function decodeAround(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let pieces: string[] = [];
  let from = start;
  for (let at = start; at + 2 < end; at++) {
    // This lead byte and such a second one make a surrogate; elsewhere it is part of a character.
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    if (bytes[at] !== 0xed || second < 0xa0) continue;
    if (from < at) pieces.push(decodeText(bytes, from, at, false));
    if (second >= 0xc0 || (third & 0xc0) !== 0x80) throw invalid("not UTF-8", at);
    pieces.push(String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f)));
    at += 2;
    from = at + 1;
    // A text of millions of pieces would take many times its length.
    if (pieces.length > 4096) {
      text += pieces.join("");
      pieces = [];
    }
  }
  return text + pieces.join("") + decodeText(bytes, from, end, false);
}
