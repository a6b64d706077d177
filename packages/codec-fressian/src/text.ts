/**
 * Fressian's text: CESU-8, each UTF-16 unit by itself. A character beyond U+FFFF takes two times three
 * bytes, and a lone surrogate survives.
 */

import { roomFor } from "@datahike-sync/core/codec-cost";
import { invalid } from "@datahike-sync/core/codec-failure";

/**
 * The text of the bytes from `start` up to `end`.
 *
 * @throws {SyncError} `CODEC_INVALID` when they are no CESU-8; UTF-8 of four bytes is none.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > LONG) return decodeLong(bytes, start, end);
  const units = roomFor<number>(end - start);
  let all = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    units[at - start] = byte;
    all |= byte;
  }
  return all < 0x80 ? String.fromCharCode(...units) : decodeUnits(bytes, start, end);
}

/** Above this many bytes a decoder is quicker than single units, below it costs more to call. */
const LONG = 32;
const ASCII: TextDecoder = new TextDecoder();

function decodeLong(bytes: Uint8Array, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    // A decoder would take UTF-8 for what it is not.
    if ((bytes[at] ?? 0) >= 0x80) return decodeUnits(bytes, start, end);
  }
  return ASCII.decode(bytes.subarray(start, end));
}

function decodeUnits(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  const units: number[] = [];
  for (let at = start; at < end; ) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      units.push(lead);
      at += 1;
    } else if (lead >= 0xc0 && lead < 0xe0) {
      units.push(((lead & 0x1f) << 6) | trail(bytes, at + 1, end));
      at += 2;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      units.push(
        ((lead & 0x0f) << 12) | (trail(bytes, at + 1, end) << 6) | trail(bytes, at + 2, end),
      );
      at += 3;
    } else {
      throw invalid("not CESU-8", at);
    }
    // As many arguments as any engine takes.
    if (units.length === 4096) text += String.fromCharCode(...units.splice(0));
  }
  return text + String.fromCharCode(...units);
}

function trail(bytes: Uint8Array, at: number, end: number): number {
  const byte = at < end ? (bytes[at] ?? 0) : 0;
  if ((byte & 0xc0) !== 0x80) throw invalid("not CESU-8", at);
  return byte & 0x3f;
}

/** How many bytes the units from `start` up to `end` take. */
export function textSize(text: string, start: number, end: number): number {
  let size = end - start;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) size += unit < 0x800 ? 1 : 2;
  }
  return size;
}

/** Writes the units from `start` up to `end` into `bytes`, which has room for them at `offset`. */
export function encodeText(
  text: string,
  start: number,
  end: number,
  bytes: Uint8Array,
  offset: number,
): void {
  let at = offset;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[at++] = unit;
    } else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else {
      bytes[at++] = 0xe0 | (unit >> 12);
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[at++] = 0x80 | (unit & 0x3f);
    }
  }
}

/** Where the chunk of a string that begins at `start` ends: before the unit that would not fit. */
export function chunkEnd(text: string, start: number): number {
  // A unit takes three bytes at most.
  if (3 * (text.length - start) <= TEXT_CHUNK) return text.length;
  let room = TEXT_CHUNK;
  for (let end = start; end < text.length; end++) {
    const unit = text.charCodeAt(end);
    room -= unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (room < 0) return end;
  }
  return text.length;
}

/** The most bytes of a chunk of a string. */
const TEXT_CHUNK = 65_536;
