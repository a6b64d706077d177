/**
 * Text as UTF-8. Where UTF-8 ends, at lone surrogates, each is written in the three bytes that its
 * number would take (WTF-8), and who reads must say that these are welcome.
 */
import { invalid } from "./limits.ts";

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
    new TextEncoder().encodeInto(text, bytes.subarray(offset, offset + size));
  } else {
    encodeUnits(text, bytes, offset);
  }
}

/** Above this many bytes the platform's coders are quicker than ours, below they cost more to call. */
const LONG = 48;

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
  if (end - start <= LONG) return decodeUnits(bytes, start, end, surrogates);
  try {
    return DECODER.decode(bytes.subarray(start, end));
  } catch (cause) {
    if (surrogates) return decodeUnits(bytes, start, end, surrogates);
    throw invalid("not UTF-8", start, undefined, cause);
  }
}

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

function decodeUnits(bytes: Uint8Array, start: number, end: number, surrogates: boolean): string {
  let text = "";
  const units: number[] = [];
  for (let at = start; at < end; ) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      units.push(lead);
      at += 1;
    } else {
      const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      const point = decodePoint(bytes, at, end, length);
      const isSurrogate = point >= 0xd800 && point < 0xe000;
      // The smallest of its length, or it would be the same text in other bytes.
      if (point < (SMALLEST[length] ?? 0) || point > 0x10_ffff || (isSurrogate && !surrogates)) {
        throw invalid("not UTF-8", at);
      }
      if (point >= 0x1_0000) units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
      else units.push(point);
      at += length;
    }
    // As many arguments as any engine takes.
    if (units.length >= 4096) text += String.fromCharCode(...units.splice(0));
  }
  return text + String.fromCharCode(...units);
}

const SMALLEST: readonly number[] = [0, 0, 0x80, 0x800, 0x1_0000];

function decodePoint(bytes: Uint8Array, at: number, end: number, length: number): number {
  const lead = bytes[at] ?? 0;
  // Not a lead byte: 0x80 to 0xbf, and what would be more than four bytes.
  if (lead < 0xc0 || lead >= 0xf8 || at + length > end) throw invalid("not UTF-8", at);
  let point = lead & (0x7f >> length);
  for (let i = at + 1; i < at + length; i++) {
    const byte = bytes[i] ?? 0;
    if ((byte & 0xc0) !== 0x80) throw invalid("not UTF-8", i);
    point = (point << 6) | (byte & 0x3f);
  }
  return point;
}
