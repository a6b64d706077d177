import { exceeded, unsupported } from "@datahike-sync/core/codec-failure";
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
  isLong,
  type Keyword,
  type Kind,
  kindOf,
  type NumberArray,
  type Ratio,
  type RawList,
  type Regex,
  symbol,
  type Tagged,
  toTwosComplement,
  type Uri,
  type Uuid,
} from "@datahike-sync/edn";
import type { FressianLimits } from "./limits.ts";
import { ARRAY_CODES, writeNumbers } from "./number-arrays.ts";
import { Output } from "./output.ts";
import { FORMS } from "./tags.ts";

/** Writes one value. Used once. */
export class Writer {
  readonly #out: Output;
  readonly #limits: FressianLimits;
  #depth = 0;
  /** The priority cache, which holds nothing but parts of names. */
  readonly #names: Map<string, number> = new Map();
  readonly #structs: Map<string, StructType> = new Map();
  #structCount = 0;

  constructor(limits: FressianLimits) {
    this.#out = new Output(limits.maxBytes);
    this.#limits = limits;
  }

  /** The bytes of a value. */
  toBytes(value: Edn): Uint8Array {
    this.#write(value);
    return this.#out.toBytes();
  }

  #write(value: Edn): void {
    switch (typeof value) {
      case "string":
        return this.#out.text(value);
      case "number":
        return Number.isSafeInteger(value) ? this.#out.int(value) : this.#out.double(value);
      case "boolean":
        return this.#out.byte(value ? 0xf5 : 0xf6);
      case "bigint":
        return isLong(value) ? this.#out.long(value) : this.#bigint(value);
      default:
        return value === null ? this.#out.byte(0xf7) : this.#object(value);
    }
  }

  /** Writes an object that holds no other, or leaves it to {@link #collection}. */
  #object(value: object): void {
    const out = this.#out;
    const kind = kindOf(value);
    switch (kind) {
      case "keyword":
        return this.#named(0xca, value as Keyword);
      case "symbol":
        return this.#named(0xc9, value as EdnSymbol);
      case "uuid":
        return this.#uuid(value as Uuid);
      case "inst":
        return this.#inst(value as Date);
      case "bytes":
        return out.bytes(value as Uint8Array);
      case "double":
        return out.double((value as Double).value);
      case "float":
        return out.float((value as Float).value);
      case "bigInteger":
        return this.#bigint((value as BigInteger).value);
      case "decimal":
        return this.#decimal(value as Decimal);
      case "uri":
        out.byte(0xc5);
        return out.text((value as Uri).text);
      case "regex":
        out.byte(0xc4);
        return out.text((value as Regex).source);
      case "extension":
        return this.#write((value as Extension).toEdn());
      case undefined:
        throw new TypeError("not a value of EDN");
      default:
        return this.#collection(kind, value);
    }
  }

  /** Writes what the reader counts as a level of nesting: collections and structs. */
  #collection(kind: Kind, value: object): void {
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth);
    switch (kind) {
      case "vector":
        this.#counted("pvec", value as readonly Edn[]);
        break;
      case "list":
        this.#counted("plist", (value as EdnList).items);
        break;
      case "rawList":
        this.#rawList((value as RawList).length);
        this.#items((value as RawList).items);
        break;
      case "map":
        this.#map(value as EdnMap);
        break;
      case "set":
        this.#set(value as EdnSet);
        break;
      case "tagged":
        this.#tagged(value as Tagged);
        break;
      case "record":
        this.#record(value as EdnRecord);
        break;
      case "numberArray":
        this.#array(value as NumberArray);
        break;
      case "ratio":
        this.#ratio(value as Ratio);
        break;
      case "char":
        this.#tag("char", 1);
        this.#out.int((value as Char).code);
        break;
      default:
        throw new TypeError(`not a value of EDN: its kind is ${kind}`);
    }
    this.#depth--;
  }

  #named(code: number, { namespace, name }: Keyword | EdnSymbol): void {
    this.#out.byte(code);
    if (namespace === null) this.#out.byte(0xf7);
    else this.#name(namespace);
    this.#name(name);
  }

  #name(name: string): void {
    const index = this.#names.get(name);
    if (index !== undefined) {
      this.#indexed(0x80, 32, 0xcc, index);
    } else {
      // An empty string is shorter than a reference to it.
      if (name !== "") {
        this.#names.set(name, this.#names.size);
        this.#out.byte(0xcd);
      }
      this.#out.text(name);
    }
  }

  /** A struct's tag, or where it was there before its place in the cache. */
  #tag(tag: string, fields: number): void {
    const known = this.#structs.get(tag);
    if (known?.fields === fields) return this.#indexed(0xa0, 16, 0xf0, known.index);
    // A reader takes the number of fields from the definition: another number is another struct.
    this.#structs.set(tag, { index: this.#structCount++, fields });
    this.#out.byte(0xef);
    this.#out.text(tag);
    this.#out.int(fields);
  }

  /** A place in a cache: within the code where it is below `packed`, else behind `code`. */
  #indexed(first: number, packed: number, code: number, index: number): void {
    if (index < packed) return this.#out.byte(first + index);
    this.#out.byte(code);
    this.#out.int(index);
  }

  #counted(tag: "pvec" | "plist", items: readonly Edn[]): void {
    this.#tag(tag, 2);
    this.#out.int(items.length);
    this.#items(items);
  }

  #items(items: readonly Edn[]): void {
    // Engines iterate over frozen arrays slowly; an index costs nothing.
    for (let i = 0; i < items.length; i++) this.#write(items[i] as Edn);
  }

  #rawList(length: number): void {
    if (length < 8) return this.#out.byte(0xe4 + length);
    this.#out.byte(0xec);
    this.#out.int(length);
  }

  #map(map: EdnMap): void {
    this.#out.byte(0xc0);
    this.#rawList(2 * map.size);
    for (const [key, value] of map) {
      this.#write(key);
      this.#write(value);
    }
  }

  #set(set: EdnSet): void {
    this.#out.byte(0xc1);
    this.#rawList(set.size);
    for (const item of set) this.#write(item);
  }

  #tagged({ tag, fields }: Tagged): void {
    // Read back, it would be that kind, or not to be read at all.
    if (FORMS.has(tag)) throw unsupported(`${tag} is a tag of the format itself`, "tagged");
    this.#tag(tag, fields.length);
    this.#items(fields);
  }

  #record({ type, fields }: EdnRecord): void {
    this.#tag("irecord", 2);
    this.#out.int(fields.size);
    this.#named(0xc9, symbol(type));
    for (const [key, value] of fields) {
      this.#rawList(2);
      this.#write(key);
      this.#write(value);
    }
  }

  #array(array: NumberArray): void {
    const { element } = array;
    if (element === "short") throw unsupported("the format has no array of shorts", "numberArray");
    this.#out.byte(ARRAY_CODES[element]);
    this.#out.int(array.length);
    if (element !== "object") return writeNumbers(array, this.#out);
    this.#items((array as NumberArray<"object">).items);
  }

  #uuid({ words }: Uuid): void {
    this.#out.byte(0xc3);
    this.#out.byte(0xd9);
    this.#out.byte(16);
    for (const word of words) this.#out.word(word);
  }

  #inst(date: Date): void {
    const time = date.getTime();
    if (Number.isNaN(time)) throw unsupported("an instant without a time", "inst");
    this.#out.byte(0xc8);
    this.#out.int(time);
  }

  #bigint(value: bigint): void {
    this.#out.byte(0xc6);
    this.#out.bytes(this.#integer(value));
  }

  #decimal({ unscaled, scale }: Decimal): void {
    this.#out.byte(0xc7);
    this.#out.bytes(this.#integer(unscaled));
    this.#out.int(scale);
  }

  #ratio({ numerator, denominator }: Ratio): void {
    this.#tag("ratio", 2);
    this.#bigint(numerator);
    this.#bigint(denominator);
  }

  #integer(value: bigint): Uint8Array {
    const bytes = toTwosComplement(value);
    const { maxIntegerBytes } = this.#limits;
    if (bytes.length > maxIntegerBytes) throw exceeded("maxIntegerBytes", maxIntegerBytes);
    return bytes;
  }
}

interface StructType {
  readonly index: number;
  readonly fields: number;
}
