import type { TagReaders } from "@datahike-sync/core";
import {
  type BigInteger,
  bigInteger,
  Decimal,
  Double,
  type Edn,
  EdnList,
  EdnMap,
  EdnSet,
  float,
  isKind,
  isLong,
  type Keyword,
  keyword,
  kindOf,
  numberArray,
  RawList,
  ratio,
  record,
  Tagged,
} from "@datahike-sync/edn";
import {
  HEAD_AGAIN,
  isHead,
  KEYWORD,
  KEYWORD_AGAIN,
  LIST,
  mayHoldItems,
  OBJECT_ARRAY,
  RATIO,
  RAW_LIST,
  RECORD,
  SET,
  TAGGED,
  UNKNOWN_TYPE,
} from "./extension-types.ts";
import { Input } from "./input.ts";
import { Budget, COST, exceeded, invalid, type MsgpackLimits, truncated } from "./limits.ts";
import { readName, readPlace, readScalar, readText } from "./scalars.ts";

/** Reads the one value of some bytes. Used once. */
export class Reader {
  readonly #in: Input;
  readonly #handlers: TagReaders;
  readonly #limits: MsgpackLimits;
  readonly #budget: Budget;
  #depth = 0;
  #keywords: Keyword[] = [];
  #heads: NamedHead[] = [];
  /** The length of all names that were read as places. */
  #repeated = 0;

  constructor(bytes: Uint8Array, handlers: TagReaders, limits: MsgpackLimits) {
    if (bytes.length > limits.maxBytes) throw exceeded("maxBytes", limits.maxBytes, 0);
    this.#in = new Input(bytes);
    this.#handlers = handlers;
    this.#limits = limits;
    this.#budget = new Budget(limits.maxExpansion);
  }

  /** The value of all bytes. */
  readAll(): Edn {
    const value = this.#read();
    const { at, bytes } = this.#in;
    if (at < bytes.length) throw invalid("bytes after the value", at);
    return value;
  }

  #read(): Edn {
    const input = this.#in;
    const code = input.byte();
    if (code < 0x80) return code;
    if (code >= 0xe0) return code - 0x100;
    if (code < 0x90) return this.#map(code & 0x0f);
    if (code < 0xa0) return this.#array(code & 0x0f);
    if (code < 0xc0) return input.text(code & 0x1f);
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        this.#spend(COST.object);
        return input.bin(input.uint(1 << (code - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(code);
      case 0xca:
        this.#spend(COST.object);
        return float(input.float32());
      case 0xcb:
        return this.#double(input.float64());
      case 0xcc:
      case 0xcd:
      case 0xce:
        return input.uint(1 << (code - 0xcc));
      case 0xcf:
        return this.#unsigned(input.uint64());
      case 0xd0:
        return input.int8();
      case 0xd1:
        return input.int16();
      case 0xd2:
        return input.int32();
      case 0xd3:
        return input.int64();
      case 0xd9:
      case 0xda:
      case 0xdb:
        return input.text(input.uint(1 << (code - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(input.uint(code === 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return this.#map(input.uint(code === 0xde ? 2 : 4));
      default:
        throw invalid("a byte that begins no value", input.at - 1);
    }
  }

  // Collections

  #array(count: number): Edn {
    this.#enter(count);
    const value =
      count > 0 && this.#isHeadNext() ? this.#headed(count - 1) : Object.freeze(this.#items(count));
    this.#depth--;
    return value;
  }

  #map(count: number): Edn {
    this.#enter(2 * count);
    const items = new Array<Edn>(2 * count);
    for (let i = 0; i < items.length; i += 2) {
      items[i] = this.#key();
      items[i + 1] = this.#read();
    }
    this.#depth--;
    return EdnMap.fromFlat(items);
  }

  /** A collection of so many items, each of which takes at least a byte. */
  #enter(items: number): void {
    const { at, bytes } = this.#in;
    if (items > bytes.length - at) throw truncated(at);
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth, at);
    this.#spend(COST.object + items * COST.item);
  }

  #items(count: number): Edn[] {
    const items = new Array<Edn>(count);
    for (let i = 0; i < count; i++) items[i] = this.#read();
    return items;
  }

  /** A key of a map or an item of a set. */
  #key(): Edn {
    const input = this.#in;
    const start = input.at;
    const repeated = this.#repeated;
    const key = this.#read();
    this.#spend(COST.key);
    if (mayHoldItems(input.bytes[start] ?? 0)) {
      this.#spend((input.at - start + this.#repeated - repeated) * COST.keyByte);
    }
    return key;
  }

  // Heads

  #isHeadNext(): boolean {
    const { bytes, at } = this.#in;
    const code = bytes[at] ?? 0;
    if (code < 0xc7 || code > 0xd8) return false;
    if (code >= 0xd4) return isHead(bytes[at + 1] ?? 0);
    return code <= 0xc9 && isHead(bytes[at + 1 + (1 << (code - 0xc7))] ?? 0);
  }

  /** What a head and so many items behind it make. */
  #headed(count: number): Edn {
    const input = this.#in;
    const offset = input.at;
    const length = input.payloadLength(input.byte());
    const type = input.int8();
    const start = input.skip(length);
    if (type >= TAGGED) {
      const head = type === HEAD_AGAIN ? this.#recallHead(start) : this.#defineHead(type, start);
      return head.type === RECORD
        ? this.#record(head, count, offset)
        : this.#tagged(head, this.#items(count));
    }
    if (length > 0) throw invalid("a head with a payload", offset, { type });
    switch (type) {
      case LIST:
        return new EdnList(Object.freeze(this.#items(count)));
      case RAW_LIST:
        return new RawList(Object.freeze(this.#items(count)));
      case SET: {
        const items = new Array<Edn>(count);
        for (let i = 0; i < count; i++) items[i] = this.#key();
        return new EdnSet(items);
      }
      case OBJECT_ARRAY:
        return numberArray("object", Object.freeze(this.#items(count)));
      case RATIO:
        return this.#ratio(count, offset);
      default:
        return this.#decimal(count, offset);
    }
  }

  #defineHead(type: number, start: number): NamedHead {
    this.#spend(COST.object);
    const name = readText(start, this.#in);
    const handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined;
    const head: NamedHead = { type, name, handler };
    this.#heads.push(head);
    return head;
  }

  #recallHead(start: number): NamedHead {
    const head = this.#heads[readPlace(start, this.#in)];
    if (head === undefined) throw invalid("no such head before", start);
    this.#repeat(head.name.length);
    return head;
  }

  #tagged({ name, handler }: NamedHead, items: Edn[]): Edn {
    const fields = Object.freeze(items);
    if (handler === undefined) return new Tagged(name, fields);
    try {
      return handler(fields);
    } catch (cause) {
      const details = { tag: name.slice(0, 100) };
      throw invalid("a tagged value that its handler refuses", this.#in.at, details, cause);
    }
  }

  #record({ name }: NamedHead, count: number, offset: number): Edn {
    const fields = count === 1 ? this.#read() : null;
    if (!isKind(fields, "map")) throw invalid("a record without a map of fields", offset);
    return record(name, fields);
  }

  #ratio(count: number, offset: number): Edn {
    if (count !== 2) throw invalid("a ratio without two parts", offset);
    const input = this.#in;
    const start = input.at;
    const numerator = this.#integer();
    const middle = input.at;
    const denominator = this.#integer();
    if (denominator === 0n) throw invalid("a ratio over 0", middle);
    this.#spend((middle - start) * (input.at - middle));
    return ratio(numerator, denominator);
  }

  #decimal(count: number, offset: number): Edn {
    if (count !== 2) throw invalid("a decimal without two parts", offset);
    const unscaled = this.#integer();
    const middle = this.#in.at;
    const scale = Number(this.#integer());
    if ((scale | 0) !== scale) throw invalid("a scale beyond 32 bits", middle);
    return new Decimal(unscaled, scale);
  }

  #integer(): bigint {
    const offset = this.#in.at;
    const value = this.#read();
    switch (kindOf(value)) {
      case "long":
        return BigInt(value as number | bigint);
      case "bigInteger":
        return (value as BigInteger).value;
      default:
        throw invalid("not an integer", offset);
    }
  }

  // Extensions

  #extension(code: number): Edn {
    const input = this.#in;
    const offset = input.at - 1;
    const length = input.payloadLength(code);
    const type = input.int8();
    const start = input.skip(length);
    if (type === KEYWORD_AGAIN) return this.#recallKeyword(start);
    if (type === KEYWORD) return this.#keyword(start);
    this.#spend(COST.object);
    const scalar = readScalar(type, start, input, this.#limits);
    if (scalar !== undefined) return scalar;
    if (isHead(type)) throw invalid("a head that is not first in an array", offset, { type });
    return this.#unknown(type, start);
  }

  #keyword(start: number): Keyword {
    this.#spend(COST.keyword);
    const read = keyword(...readName(start, this.#in));
    this.#keywords.push(read);
    return read;
  }

  #recallKeyword(start: number): Keyword {
    const known = this.#keywords[readPlace(start, this.#in)];
    if (known === undefined) throw invalid("no such keyword before", start);
    this.#repeat((known.namespace?.length ?? 0) + known.name.length);
    return known;
  }

  /** An extension of another format, or of a later version of this one. */
  #unknown(type: number, start: number): Edn {
    this.#spend(COST.object);
    const { bytes, at } = this.#in;
    // Not `slice`, which in Node's Buffer gives the same memory.
    const payload = new Uint8Array(bytes.subarray(start, at));
    return new Tagged(UNKNOWN_TYPE, [type, payload]);
  }

  #double(value: number): Edn {
    if (!Number.isSafeInteger(value)) return value;
    this.#spend(COST.object);
    return new Double(value);
  }

  /** What is beyond 63 bits is no long. */
  #unsigned(value: number | bigint): Edn {
    if (typeof value === "number" || isLong(value)) return value;
    this.#spend(COST.object);
    return bigInteger(value);
  }

  // Limits

  /** A name of this length, written as a place. */
  #repeat(length: number): void {
    this.#repeated += length;
    this.#spend(length);
  }

  #spend(bytes: number): void {
    this.#budget.spend(bytes, this.#in.at);
  }
}

/** A head with a name, for when it is mentioned again. */
interface NamedHead {
  readonly type: number;
  readonly name: string;
  readonly handler: TagReaders[string] | undefined;
}
