import { invalid, truncated } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";
import { bigInteger, double, type Edn, isLong } from "@datahike-sync/edn";
import { ARRAY, END, MAP, SCALAR, type Source, STRING, type Token } from "./token.ts";

/** Reads MessagePack, but for what transit has no use for: byte arrays and extensions. */
export class MsgpackSource implements Source {
  at = 0;
  text = "";
  scalar: Edn = null;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** How many items are still to come of what began last. */
  #left = 1;
  /** The same of what is around it. */
  readonly #outer: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  next(): Token {
    if (this.#left === 0) {
      this.#left = this.#outer.pop() ?? 0;
      return END;
    }
    this.#left--;
    const code = this.#byte();
    if (code < 0x80) return this.#found(code);
    if (code < 0x90) return this.#open(MAP, 2 * (code & 0x0f));
    if (code < 0xa0) return this.#open(ARRAY, code & 0x0f);
    if (code < 0xc0) return this.#string(code & 0x1f);
    if (code >= 0xe0) return this.#found(code - 0x100);
    return this.#sized(code);
  }

  end(): void {
    if (this.at < this.#bytes.length) throw invalid("bytes after the value", this.at);
  }

  /** What begins with a code from 0xc0 up to 0xdf. */
  #sized(code: number): Token {
    switch (code) {
      case 0xc0:
        return this.#found(null);
      case 0xc2:
        return this.#found(false);
      case 0xc3:
        return this.#found(true);
      case 0xca:
        return this.#found(double(this.#view.getFloat32(this.#skip(4))));
      case 0xcb:
        return this.#found(double(this.#view.getFloat64(this.#skip(8))));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#found(this.#uint(1 << (code - 0xcc)));
      case 0xcf:
        return this.#found(this.#uint64());
      case 0xd0:
        return this.#found(this.#view.getInt8(this.#skip(1)));
      case 0xd1:
        return this.#found(this.#view.getInt16(this.#skip(2)));
      case 0xd2:
        return this.#found(this.#view.getInt32(this.#skip(4)));
      case 0xd3:
        return this.#found(this.#int64());
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#uint(1 << (code - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#open(ARRAY, this.#uint(code === 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return this.#open(MAP, 2 * this.#uint(code === 0xde ? 2 : 4));
      default:
        throw invalid("a byte that begins nothing in transit", this.at - 1);
    }
  }

  #found(scalar: Edn): Token {
    this.scalar = scalar;
    return SCALAR;
  }

  /** Begins an array or map of so many items, each of which takes at least a byte. */
  #open(token: Token, items: number): Token {
    if (items > this.#bytes.length - this.at) throw truncated(this.at);
    this.#outer.push(this.#left);
    this.#left = items;
    return token;
  }

  #string(length: number): Token {
    const start = this.#skip(length);
    this.text = decodeText(this.#bytes, start, this.at, false);
    return STRING;
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw truncated(this.at);
    this.at++;
    return byte;
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  #uint(length: number): number {
    const offset = this.#skip(length);
    if (length === 1) return this.#view.getUint8(offset);
    return length === 2 ? this.#view.getUint16(offset) : this.#view.getUint32(offset);
  }

  #int64(): number | bigint {
    const offset = this.#skip(8);
    const value = this.#view.getInt32(offset) * 2 ** 32 + this.#view.getUint32(offset + 4);
    return Number.isSafeInteger(value) ? value : this.#view.getBigInt64(offset);
  }

  /** What is beyond 63 bits is no long. */
  #uint64(): Edn {
    const offset = this.#skip(8);
    const value = this.#view.getUint32(offset) * 2 ** 32 + this.#view.getUint32(offset + 4);
    if (Number.isSafeInteger(value)) return value;
    const exact = this.#view.getBigUint64(offset);
    return isLong(exact) ? exact : bigInteger(exact);
  }

  /** Moves on by so many bytes, which must be there, and tells where they begin. */
  #skip(length: number): number {
    const offset = this.at;
    if (length > this.#bytes.length - offset) throw truncated(offset);
    this.at = offset + length;
    return offset;
  }
}
