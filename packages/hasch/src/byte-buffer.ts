/** A growing array of bytes whose end can be taken back. */

/** Engines make arrays up to this size much faster, and a UUID or a usual keyword fits. */
const FIRST_BYTES = 64;

export class ByteBuffer {
  /** Of what was written. Setting it to less takes the rest back. */
  length = 0;
  #bytes = new Uint8Array(FIRST_BYTES);

  /** A view of what was written from `start` on, valid until the next write. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.length);
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Appends so many zeros. */
  zeros(count: number): void {
    this.#reserve(count);
    this.#bytes.fill(0, this.length, this.length + count);
    this.length += count;
  }

  /** Puts `bytes` in the place of everything from `start` on. */
  replace(start: number, bytes: Uint8Array): void {
    this.length = start;
    this.append(bytes);
  }

  /** Appends UTF-8 as Java writes it: half of a surrogate pair becomes a question mark. */
  text(text: string): void {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        this.length = at;
        return this.#wideText(text, i);
      }
      bytes[at++] = unit;
    }
    this.length = at;
  }

  #wideText(text: string, from: number): void {
    this.#reserve((text.length - from) * 3);
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = from; i < text.length; i++) {
      const code = text.codePointAt(i) ?? 0;
      if (code < 0x80) {
        bytes[at++] = code;
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6);
        bytes[at++] = 0x80 | (code & 0x3f);
      } else if (code >= 0xd800 && code < 0xe000) {
        bytes[at++] = 0x3f;
      } else if (code < 0x10000) {
        bytes[at++] = 0xe0 | (code >> 12);
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[at++] = 0x80 | (code & 0x3f);
      } else {
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[at++] = 0x80 | (code & 0x3f);
        i++;
      }
    }
    this.length = at;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.since(0));
    this.#bytes = grown;
  }
}
