import { Budget } from "@datahike-sync/core/codec-cost";
import { exceeded } from "@datahike-sync/core/codec-failure";
import { textSize } from "@datahike-sync/core/codec-text";
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
  type Kind,
  kindOf,
  type NumberArray,
  type Ratio,
  type RawList,
  type Regex,
  type Tagged,
  toTwosComplement,
  type Uri,
  type Uuid,
} from "@datahike-sync/edn";
import {
  BIG_INTEGER,
  BOOLEAN_ARRAY,
  CHAR,
  DECIMAL,
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
  RECORD_AGAIN,
  REGEX,
  SET,
  SYMBOL,
  TAGGED,
  TAGGED_AGAIN,
  UNKNOWN_TYPE,
  URI,
  UUID,
} from "./extension-types.ts";
import { writeInstant } from "./instant.ts";
import type { MsgpackLimits } from "./limits.ts";
import { nameLength, Places } from "./names.ts";
import { ELEMENTS, writeElements } from "./number-arrays.ts";
import type { Output } from "./output.ts";

/** Writes one value. Used once. */
export class Writer {
  readonly #out: Output;
  readonly #limits: MsgpackLimits;
  readonly #budget: Budget;
  #depth = 0;
  readonly #keywords: Places<Keyword> = new Places();
  readonly #tags: Places<string> = new Places();
  readonly #records: Places<string> = new Places();

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
      default:
        this.#scalar(kind, value);
    }
  }

  #scalar(kind: Kind | undefined, value: object): void {
    this.#budget.object();
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
    const place = this.#tags.placeOf(tag);
    if (place >= 0) this.#again(TAGGED_AGAIN, place, tag.length);
    else this.#head(TAGGED, tag);
    for (const field of fields) this.write(field);
    this.#depth--;
  }

  #record({ type, fields }: EdnRecord): void {
    this.#beginArray(2);
    const place = this.#records.placeOf(type);
    if (place >= 0) this.#again(RECORD_AGAIN, place, type.length);
    else this.#head(RECORD, type);
    this.#map(fields);
    this.#depth--;
  }

  #ratio({ numerator, denominator }: Ratio): void {
    this.#beginArray(3);
    const start = this.#out.length;
    this.#out.extension(RATIO, 0);
    this.#integer(numerator);
    this.#integer(denominator);
    this.#budget.ratio(this.#out.length - start);
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
    const { element, length } = array;
    if (element === "object") {
      return this.#headed(OBJECT_ARRAY, (array as NumberArray<"object">).items);
    }
    const [type, size] = ELEMENTS[element];
    const bytes = length * size;
    this.#budget.collection(type === BOOLEAN_ARRAY ? bytes : 0);
    this.#out.extension(type, bytes);
    writeElements(array, this.#out.room(bytes));
  }

  #extension(extension: Extension): void {
    const form = extension.toEdn();
    // A chain of them may have no end.
    if (isKind(form, "extension")) {
      throw new TypeError("the EDN form of an extension is an extension");
    }
    this.write(form);
  }

  /** Writes an extension of a type that is not this format's, if these are the fields of one. */
  #unknown([type = null, payload = null, ...rest]: readonly Edn[]): boolean {
    if (kindOf(type) !== "long" || kindOf(payload) !== "bytes" || rest.length > 0) return false;
    const number = Number(type);
    if ((number << 24) >> 24 !== number || isAssigned(number)) return false;
    const bytes = payload as Uint8Array;
    this.#budget.object();
    this.#budget.object();
    this.#out.extension(number, bytes.length);
    this.#out.raw(bytes);
    return true;
  }

  #beginArray(count: number): void {
    this.#enter(count);
    this.#out.array(count);
  }

  #enter(items: number): void {
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth);
    this.#budget.collection(items);
  }

  /** A key of a map or an item of a set. */
  #key(key: Edn): void {
    const out = this.#out;
    const start = out.length;
    const { repeated } = this.#budget;
    this.write(key);
    this.#budget.key();
    if (mayHoldItems(out.at(start))) {
      this.#budget.costlyKey(out.length - start + this.#budget.repeated - repeated);
    }
  }

  // Names

  #keyword(keyword: Keyword): void {
    const place = this.#keywords.placeOf(keyword);
    if (place >= 0) return this.#again(KEYWORD_AGAIN, place, nameLength(keyword));
    this.#budget.keyword();
    this.#name(KEYWORD, keyword);
  }

  #head(type: number, name: string): void {
    this.#budget.object();
    this.#text(type, name);
  }

  #again(type: number, place: number, length: number): void {
    this.#budget.repeat(length);
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
    this.#budget.object();
    const bytes = toTwosComplement(value);
    const { maxIntegerBytes } = this.#limits;
    if (bytes.length > maxIntegerBytes) throw exceeded("maxIntegerBytes", maxIntegerBytes);
    this.#out.extension(BIG_INTEGER, bytes.length);
    this.#out.raw(bytes);
  }
}
