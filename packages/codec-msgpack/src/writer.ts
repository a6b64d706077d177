import {
  type BigInteger,
  type Char,
  type Decimal,
  type Double,
  type Edn,
  type EdnList,
  type EdnMap,
  type EdnRecord,
  type EdnSet,
  type EdnSymbol,
  type Extension,
  type Float,
  isKind,
  isLong,
  type Keyword,
  kindOf,
  type NumberArray,
  type Ratio,
  type RawList,
  type Regex,
  type Tagged,
  type Uri,
  type Uuid,
} from "@datahike-sync/edn";
import {
  BIG_INTEGER,
  CHAR,
  DECIMAL,
  HEAD_AGAIN,
  isAssigned,
  KEYWORD,
  KEYWORD_AGAIN,
  LIST,
  mayHoldItems,
  NAME_SEPARATOR,
  OBJECT_ARRAY,
  RATIO,
  RAW_LIST,
  RECORD,
  REGEX,
  SET,
  SYMBOL,
  TAGGED,
  UNKNOWN_TYPE,
  URI,
  UUID,
} from "./extension-types.ts";
import { writeInstant } from "./instant.ts";
import { toTwosComplement } from "./integers.ts";
import { Budget, COST, exceeded, type MsgpackLimits } from "./limits.ts";
import { ELEMENTS, writeElements } from "./number-arrays.ts";
import type { Output } from "./output.ts";
import { textSize } from "./text.ts";

/** Writes one value. Used once. */
export class Writer {
  readonly #out: Output;
  readonly #limits: MsgpackLimits;
  readonly #budget: Budget;
  #depth = 0;
  /** The places of the keywords written so far. */
  #keywords: Map<Keyword, number> | undefined;
  /** The places of the heads with a name written so far, by type and name. */
  #heads: Map<string, number> | undefined;
  /** The length of all names that were written as places. */
  #repeated = 0;

  constructor(output: Output, limits: MsgpackLimits) {
    this.#out = output;
    this.#limits = limits;
    this.#budget = new Budget(limits.maxExpansion);
  }

  write(value: Edn): void {
    switch (typeof value) {
      case "string":
        return this.#out.string(value);
      case "number":
        return Number.isSafeInteger(value) ? this.#out.int(value) : this.#out.double(value);
      case "boolean":
        return this.#out.byte(value ? 0xc3 : 0xc2);
      case "bigint":
        return this.#integer(value);
      default:
        return value === null ? this.#out.byte(0xc0) : this.#object(value);
    }
  }

  #object(value: object): void {
    const kind = kindOf(value);
    switch (kind) {
      case "keyword":
        return this.#keyword(value as Keyword);
      case "vector":
        return this.#vector(value as readonly Edn[]);
      case "map":
        return this.#map(value as EdnMap);
      case "tagged":
        return this.#tagged(value as Tagged);
      case "extension":
        return this.#extension(value as Extension);
      case "set":
        return this.#set(value as EdnSet);
      case "list":
        return this.#headed(LIST, (value as EdnList).items);
      case "rawList":
        return this.#headed(RAW_LIST, (value as RawList).items);
      case "record":
        return this.#record(value as EdnRecord);
      case "ratio":
        return this.#ratio(value as Ratio);
      case "decimal":
        return this.#decimal(value as Decimal);
      case "numberArray":
        return this.#numberArray(value as NumberArray);
      case "bigInteger":
        return this.#bigInteger((value as BigInteger).value);
    }
    this.#budget.spend(COST.object);
    switch (kind) {
      case "bytes":
        return this.#out.bin(value as Uint8Array);
      case "double":
        return this.#out.double((value as Double).value);
      case "float":
        return this.#out.float((value as Float).value);
      case "uuid":
        return this.#uuid(value as Uuid);
      case "inst":
        return writeInstant(value as Date, this.#out);
      case "symbol":
        return this.#name(SYMBOL, value as EdnSymbol);
      case "char":
        this.#out.extension(CHAR, 2);
        return this.#out.half((value as Char).code);
      case "uri":
        return this.#text(URI, (value as Uri).text);
      case "regex":
        return this.#text(REGEX, (value as Regex).source);
      default:
        throw new TypeError("not an EDN value");
    }
  }

  // Collections

  #vector(items: readonly Edn[]): void {
    this.#beginArray(items.length);
    for (const item of items) this.write(item);
    this.#depth--;
  }

  #headed(type: number, items: readonly Edn[]): void {
    this.#beginArray(items.length + 1);
    this.#out.extension(type, 0);
    for (const item of items) this.write(item);
    this.#depth--;
  }

  #set(set: EdnSet): void {
    this.#beginArray(set.size + 1);
    this.#out.extension(SET, 0);
    for (const item of set) this.#key(item);
    this.#depth--;
  }

  #map(map: EdnMap): void {
    this.#enter(2 * map.size);
    this.#out.map(map.size);
    for (const [key, value] of map) {
      this.#key(key);
      this.write(value);
    }
    this.#depth--;
  }

  #tagged({ tag, fields }: Tagged): void {
    if (tag === UNKNOWN_TYPE && this.#unknown(fields)) return;
    this.#beginArray(fields.length + 1);
    this.#namedHead(TAGGED, tag);
    for (const field of fields) this.write(field);
    this.#depth--;
  }

  #record({ type, fields }: EdnRecord): void {
    this.#beginArray(2);
    this.#namedHead(RECORD, type);
    this.#map(fields);
    this.#depth--;
  }

  #ratio({ numerator, denominator }: Ratio): void {
    this.#beginArray(3);
    this.#out.extension(RATIO, 0);
    const start = this.#out.length;
    this.#integer(numerator);
    const middle = this.#out.length;
    this.#integer(denominator);
    this.#budget.spend((middle - start) * (this.#out.length - middle));
    this.#depth--;
  }

  #decimal({ unscaled, scale }: Decimal): void {
    this.#beginArray(3);
    this.#out.extension(DECIMAL, 0);
    this.#integer(unscaled);
    this.#out.int(scale);
    this.#depth--;
  }

  #numberArray(array: NumberArray): void {
    const { element } = array;
    if (element === "object")
      return this.#headed(OBJECT_ARRAY, (array as NumberArray<"object">).items);
    const [type, size] = ELEMENTS[element];
    this.#budget.spend(COST.object);
    const length = array.length * size;
    this.#out.extension(type, length);
    writeElements(array, this.#out.room(length));
  }

  #extension(extension: Extension): void {
    const form = extension.toEdn();
    // A chain of them may have no end.
    if (isKind(form, "extension"))
      throw new TypeError("the EDN form of an extension is an extension");
    this.write(form);
  }

  /** Writes an extension of a type that is not this format's, if these are the fields of one. */
  #unknown(fields: readonly Edn[]): boolean {
    const [type, payload] = fields;
    if (fields.length !== 2 || typeof type !== "number" || !(payload instanceof Uint8Array))
      return false;
    if ((type << 24) >> 24 !== type || isAssigned(type)) return false;
    this.#budget.spend(2 * COST.object);
    this.#out.extension(type, payload.length);
    this.#out.raw(payload);
    return true;
  }

  #beginArray(count: number): void {
    this.#enter(count);
    this.#out.array(count);
  }

  #enter(items: number): void {
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth);
    this.#budget.spend(COST.object + items * COST.item);
  }

  /** A key of a map or an item of a set. */
  #key(key: Edn): void {
    const start = this.#out.length;
    const repeated = this.#repeated;
    this.write(key);
    this.#budget.spend(COST.key);
    if (mayHoldItems(this.#out.at(start))) {
      this.#budget.spend((this.#out.length - start + this.#repeated - repeated) * COST.keyByte);
    }
  }

  // Names

  #keyword(keyword: Keyword): void {
    const place = this.#keywords?.get(keyword);
    if (place !== undefined) {
      const { namespace, name } = keyword;
      return this.#again(KEYWORD_AGAIN, place, (namespace?.length ?? 0) + name.length);
    }
    this.#keywords ??= new Map();
    this.#keywords.set(keyword, this.#keywords.size);
    this.#budget.spend(COST.keyword);
    this.#name(KEYWORD, keyword);
  }

  #namedHead(type: number, name: string): void {
    const key = `${type} ${name}`;
    const place = this.#heads?.get(key);
    if (place !== undefined) return this.#again(HEAD_AGAIN, place, name.length);
    this.#heads ??= new Map();
    this.#heads.set(key, this.#heads.size);
    this.#budget.spend(COST.object);
    this.#text(type, name);
  }

  #again(type: number, place: number, length: number): void {
    this.#repeated += length;
    this.#budget.spend(length);
    if (place < 0x100) {
      this.#out.extension(type, 1);
      this.#out.byte(place);
    } else if (place < 0x1_0000) {
      this.#out.extension(type, 2);
      this.#out.half(place);
    } else {
      this.#out.extension(type, 4);
      this.#out.word(place);
    }
  }

  #name(type: number, { namespace, name }: Keyword | EdnSymbol): void {
    const size = textSize(name);
    if (namespace === null) {
      this.#out.extension(type, size);
    } else {
      const namespaceSize = textSize(namespace);
      this.#out.extension(type, namespaceSize + 1 + size);
      this.#out.text(namespace, namespaceSize);
      this.#out.byte(NAME_SEPARATOR);
    }
    this.#out.text(name, size);
  }

  // Scalars

  #text(type: number, text: string): void {
    const size = textSize(text);
    this.#out.extension(type, size);
    this.#out.text(text, size);
  }

  #uuid({ words }: Uuid): void {
    this.#out.extension(UUID, 16);
    for (const word of words) this.#out.word(word);
  }

  /** A long, or a big integer where it is none. */
  #integer(value: bigint): void {
    if (isLong(value)) this.#out.long(value);
    else this.#bigInteger(value);
  }

  #bigInteger(value: bigint): void {
    this.#budget.spend(COST.object);
    const bytes = toTwosComplement(value);
    const { maxIntegerBytes } = this.#limits;
    if (bytes.length > maxIntegerBytes) throw exceeded("maxIntegerBytes", maxIntegerBytes);
    this.#out.extension(BIG_INTEGER, bytes.length);
    this.#out.raw(bytes);
  }
}
