import type { TagReaders } from "@datahike-sync/core";
import { Budget, roomFor } from "@datahike-sync/core/codec-cost";
import { exceeded, invalid, truncated } from "@datahike-sync/core/codec-failure";
import {
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
  BOOLEAN_ARRAY,
  DECIMAL,
  isHead,
  KEYWORD,
  KEYWORD_AGAIN,
  LIST,
  mayHoldItems,
  OBJECT_ARRAY,
  RATIO,
  RAW_LIST,
  RECORD,
  RECORD_AGAIN,
  SET,
  STRING,
  TAGGED,
  TAGGED_AGAIN,
  UNKNOWN_TYPE,
} from "./extension-types.ts";
import { Input } from "./input.ts";
import type { MsgpackLimits } from "./limits.ts";
import { nameLength } from "./names.ts";
import { readName, readPlace, readScalar, readText } from "./scalars.ts";

/** Reads the one value of some bytes. Used once. */
export class Reader {
  readonly #in: Input;
  readonly #handlers: TagReaders;
  readonly #limits: MsgpackLimits;
  readonly #budget: Budget;
  #depth = 0;
  readonly #keywords: Keyword[] = [];
  readonly #tags: Head[] = [];
  readonly #records: Head[] = [];

  constructor(bytes: Uint8Array, handlers: TagReaders, limits: MsgpackLimits) {
    if (bytes.length > limits.maxBytes) throw exceeded("maxBytes", limits.maxBytes, 0);
    this.#in = new Input(bytes);
    this.#handlers = handlers;
    this.#limits = limits;
    this.#budget = new Budget(limits.maxExpansion);
  }

  /** Where the next byte is that was not read yet. */
  get offset(): number {
    return this.#in.at;
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
        this.#budget.object(input.at);
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
        this.#budget.object(input.at);
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

  // Collections. A level of nesting takes room on the stack for every method that it goes through, so there
  // are few: an array's items are read before it is known what they make.

  #array(count: number): Edn {
    this.#enter(count);
    const start = this.#in.at;
    const head = count > 0 && this.#isHeadNext() ? this.#head() : undefined;
    const items = roomFor<Edn>(head === undefined ? count : count - 1);
    const isSet = head?.type === SET;
    for (let i = 0; i < items.length; i++) items[i] = isSet ? this.#key() : this.#read();
    this.#depth--;
    return head === undefined ? Object.freeze(items) : this.#headed(head, items, start);
  }

  #map(count: number): Edn {
    this.#enter(2 * count);
    const items = roomFor<Edn>(2 * count);
    for (let i = 0; i < items.length; i += 2) {
      items[i] = this.#key();
      items[i + 1] = this.#read();
    }
    this.#depth--;
    return EdnMap.fromFlat(items);
  }

  /** Begins a collection of so many items, each of which takes at least a byte. */
  #enter(items: number): void {
    const { at, bytes } = this.#in;
    if (items > bytes.length - at) throw truncated(at);
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth, at);
    this.#budget.collection(items, at);
  }

  /** A key of a map or an item of a set. */
  #key(): Edn {
    const input = this.#in;
    const start = input.at;
    const { repeated } = this.#budget;
    const key = this.#read();
    this.#budget.key(start);
    if (mayHoldItems(input.bytes[start] ?? 0)) {
      this.#budget.costlyKey(input.at - start + this.#budget.repeated - repeated, start);
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

  #head(): Head {
    const input = this.#in;
    const length = input.payloadLength(input.byte());
    const type = input.int8();
    const start = input.skip(length);
    switch (type) {
      case TAGGED:
      case RECORD:
        return this.#defineHead(type, start);
      case TAGGED_AGAIN:
        return this.#recallHead(this.#tags, start);
      case RECORD_AGAIN:
        return this.#recallHead(this.#records, start);
      default:
        if (length > 0) throw invalid("a payload where there is none", start, { type });
        return { type, name: "", handler: undefined };
    }
  }

  /** What a head and the items behind it make. */
  #headed(head: Head, items: Edn[], start: number): Edn {
    switch (head.type) {
      case LIST:
        return new EdnList(Object.freeze(items));
      case RAW_LIST:
        return new RawList(Object.freeze(items));
      case SET:
        return new EdnSet(items);
      case OBJECT_ARRAY:
        return numberArray("object", Object.freeze(items));
      case RATIO:
        return this.#ratio(items, start);
      case DECIMAL:
        return decimalOf(items, start);
      case RECORD:
        return recordOf(head.name, items, start);
      default:
        return this.#tagged(head, Object.freeze(items));
    }
  }

  #tagged({ name, handler }: Head, fields: readonly Edn[]): Edn {
    if (handler === undefined) return new Tagged(name, fields);
    try {
      return handler(fields);
    } catch (cause) {
      const details = { tag: name.slice(0, 100) };
      throw invalid("a tagged value that its handler refuses", this.#in.at, details, cause);
    }
  }

  #ratio(items: readonly Edn[], start: number): Edn {
    const [numerator, denominator] = integersOf(items, start);
    if (denominator === 0n) throw invalid("a ratio over 0", start);
    this.#budget.ratio(this.#in.at - start, start);
    return ratio(numerator, denominator);
  }

  // Extensions

  #extension(code: number): Edn {
    const input = this.#in;
    const offset = input.at - 1;
    const length = input.payloadLength(code);
    const type = input.int8();
    const start = input.skip(length);
    if (type === KEYWORD_AGAIN) return this.#recallKeyword(start);
    if (type === KEYWORD) return this.#defineKeyword(start);
    if (type === STRING) return readText(start, input);
    // A payload is kept as it is, but for booleans.
    this.#budget.collection(type === BOOLEAN_ARRAY ? length : 0, offset);
    const scalar = readScalar(type, start, input, this.#limits);
    if (scalar !== undefined) return scalar;
    if (isHead(type)) throw invalid("a head that is not first in an array", offset, { type });
    return this.#unknown(type, start);
  }

  /** An extension of another format, or of a later version of this one. */
  #unknown(type: number, start: number): Edn {
    this.#budget.object(start);
    const { bytes, at } = this.#in;
    // Not `slice`, which in Node's Buffer gives the same memory.
    const payload = new Uint8Array(bytes.subarray(start, at));
    return new Tagged(UNKNOWN_TYPE, [type, payload]);
  }

  // Names

  #defineKeyword(start: number): Keyword {
    this.#budget.keyword(start);
    const defined = keyword(...readName(start, this.#in));
    this.#keywords.push(defined);
    return defined;
  }

  #recallKeyword(start: number): Keyword {
    const known = this.#keywords[readPlace(start, this.#in)];
    if (known === undefined) throw unknownPlace(start);
    this.#budget.repeat(nameLength(known), start);
    return known;
  }

  #defineHead(type: number, start: number): Head {
    this.#budget.object(start);
    const name = readText(start, this.#in);
    const handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined;
    const head: Head = { type, name, handler };
    (type === TAGGED ? this.#tags : this.#records).push(head);
    return head;
  }

  #recallHead(heads: readonly Head[], start: number): Head {
    const known = heads[readPlace(start, this.#in)];
    if (known === undefined) throw unknownPlace(start);
    this.#budget.repeat(known.name.length, start);
    return known;
  }

  // Numbers

  #double(value: number): Edn {
    if (!Number.isSafeInteger(value)) return value;
    this.#budget.object(this.#in.at);
    return new Double(value);
  }

  /** What is beyond 63 bits is no long. */
  #unsigned(value: number | bigint): Edn {
    if (typeof value === "number" || isLong(value)) return value;
    this.#budget.object(this.#in.at);
    return bigInteger(value);
  }
}

/** What the first item of an array says that the array is. */
interface Head {
  readonly type: number;
  /** A tag, or the name of a record's type. */
  readonly name: string;
  /** The one for values under this tag; records have none. */
  readonly handler: TagReaders[string] | undefined;
}

function unknownPlace(start: number): Error {
  return invalid("the place of a name that was not there before", start);
}

function recordOf(type: string, [fields, ...rest]: readonly Edn[], start: number): Edn {
  if (!isKind(fields, "map") || rest.length > 0) {
    throw invalid("a record is one map of fields", start);
  }
  return record(type, fields);
}

function decimalOf(items: readonly Edn[], start: number): Edn {
  const [unscaled, scale] = integersOf(items, start);
  if (BigInt.asIntN(32, scale) !== scale) throw invalid("a scale beyond 32 bits", start);
  return new Decimal(unscaled, Number(scale));
}

/** The two integers that a ratio or decimal is made of. */
function integersOf(
  [first, second, ...rest]: readonly Edn[],
  start: number,
): [first: bigint, second: bigint] {
  const [a, b] = [integerOf(first), integerOf(second)];
  if (a === undefined || b === undefined || rest.length > 0) {
    throw invalid("a ratio or decimal is two integers", start);
  }
  return [a, b];
}

function integerOf(value: Edn | undefined): bigint | undefined {
  if (isKind(value, "bigInteger")) return value.value;
  return kindOf(value) === "long" ? BigInt(value as number | bigint) : undefined;
}
