import { Budget, isCostlyKey } from "@datahike-sync/core/codec-cost";
import { exceeded, unsupported } from "@datahike-sync/core/codec-failure";
import { isWellFormed, textSize } from "@datahike-sync/core/codec-text";
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
  isSyncError,
  type Keyword,
  type Kind,
  keyword,
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
import { formatInstant } from "./instant.ts";
import type { CborLimits } from "./limits.ts";
import { NUMBER_ARRAYS, writeElements } from "./number-arrays.ts";
import type { Output } from "./output.ts";
import { Reader } from "./reader.ts";
import { inCbor, inValues } from "./spellings.ts";
import {
  BOOLEAN_ARRAY,
  CHAR,
  DECIMAL,
  INSTANT_SECONDS,
  INSTANT_TEXT,
  isAssigned,
  NAME,
  NEGATIVE,
  OBJECT,
  OBJECT_ARRAY,
  OWN_NAMES,
  POSITIVE,
  RATIO,
  REGEX,
  SET,
  SIMPLE,
  UNKNOWN_TAG,
  URI,
  UUID,
} from "./tags.ts";
import { Vocabulary } from "./vocabulary.ts";

/** Writes one value. Used once. */
export class Writer {
  readonly #out: Output;
  readonly #vocabulary: Vocabulary;
  readonly #limits: CborLimits;
  readonly #budget: Budget;
  #depth = 0;
  /** How many values were written that are read as another, which is not equal to them. */
  #turned = 0;

  constructor(output: Output, vocabulary: Vocabulary, limits: CborLimits) {
    this.#out = output;
    this.#vocabulary = vocabulary;
    this.#limits = limits;
    this.#budget = new Budget(limits.maxExpansion);
  }

  write(value: Edn): void {
    switch (typeof value) {
      case "string":
        return this.#text(value, "string");
      case "number":
        return Number.isSafeInteger(value) ? this.#int(value) : this.#out.double(value);
      case "boolean":
        return this.#out.byte(value ? 0xf5 : 0xf4);
      case "bigint":
        return this.#integer(value);
      default:
        return value === null ? this.#out.byte(0xf6) : this.#object(value);
    }
  }

  #object(value: object): void {
    const kind = kindOf(value);
    switch (kind) {
      case "keyword":
        return this.#keyword(value as Keyword);
      case "vector":
        return this.#items(value as readonly Edn[]);
      case "map":
        return this.#map(value as EdnMap);
      case "tagged":
        return this.#tagged(value as Tagged);
      case "extension":
        return this.#extension(value as Extension);
      case "set":
        return this.#set(value as EdnSet);
      case "list":
        return this.#items((value as EdnList).items);
      case "rawList":
        return this.#items((value as RawList).items);
      case "record":
        return this.#record(value as EdnRecord);
      case "numberArray":
        return this.#numberArray(value as NumberArray);
      case "char":
        return this.#char(value as Char);
      case "ratio":
        return this.#ratio(value as Ratio);
      case "decimal":
        return this.#decimal(value as Decimal);
      case "bigInteger":
        return this.#bigInteger((value as BigInteger).value);
      default:
        this.#scalar(kind, value);
    }
  }

  #scalar(kind: Kind | undefined, value: object): void {
    this.#budget.object();
    switch (kind) {
      case "uuid":
        return this.#uuid(value as Uuid);
      case "inst":
        return this.#inst(value as Date);
      case "bytes":
        return this.#bytes(value as Uint8Array);
      case "double":
        return this.#out.double((value as Double).value);
      case "float":
        return this.#out.float((value as Float).value);
      case "symbol":
        return this.#symbol(value as EdnSymbol);
      case "uri":
        return this.#taggedText(URI, (value as Uri).text, "uri");
      case "regex":
        return this.#taggedText(REGEX, (value as Regex).source, "regex");
      default:
        throw new TypeError("not an EDN value");
    }
  }

  // Collections

  #items(items: readonly Edn[]): void {
    this.#beginArray(items.length);
    // Engines iterate over frozen arrays slowly; an index costs nothing.
    for (let i = 0; i < items.length; i++) this.write(items[i] as Edn);
    this.#depth--;
  }

  #set(set: EdnSet): void {
    const start = this.#out.length;
    this.#beginTag(SET);
    this.#beginArray(set.size);
    let turned = 0;
    for (const item of set) turned += this.#key(item);
    this.#depth -= 2;
    if (turned > 0) this.#expectReadable(start);
  }

  #map(map: EdnMap): void {
    const start = this.#out.length;
    this.#enter(1);
    this.#budget.collection(2 * map.size);
    this.#out.head(5, map.size);
    let turned = 0;
    for (const [key, value] of map) {
      turned += this.#key(key);
      this.write(value);
    }
    this.#depth--;
    if (turned > 0) this.#expectReadable(start);
  }

  #tagged({ tag, fields }: Tagged): void {
    if (tag === UNKNOWN_TAG) return this.#unknownTag(fields);
    if (tag === SIMPLE) return this.#unknownSimple(fields);
    const [field] = fields;
    if (field === undefined || fields.length > 1) {
      throw unsupported("a tagged value of other than one field", "tagged");
    }
    this.#beginNamed(tag, "tagged");
    this.write(field);
    this.#depth -= 2;
  }

  #record({ type, fields }: EdnRecord): void {
    this.#turned++;
    this.#beginNamed(type, "record");
    this.#map(fields);
    this.#depth -= 2;
  }

  #numberArray(array: NumberArray): void {
    const { element, length } = array;
    if (element === "boolean" || element === "object") {
      this.#beginObject(element === "boolean" ? BOOLEAN_ARRAY : OBJECT_ARRAY, "numberArray");
      this.#items((array as NumberArray<"boolean" | "object">).items);
      this.#depth -= 2;
    } else {
      const [tag, size] = NUMBER_ARRAYS[element];
      this.#beginTag(tag);
      this.#budget.object();
      this.#out.head(2, length * size);
      writeElements(array, this.#out.room(length * size));
      this.#depth--;
    }
  }

  #ratio({ numerator, denominator }: Ratio): void {
    this.#beginTag(RATIO);
    const start = this.#out.length;
    this.#beginArray(2);
    this.#integer(numerator);
    this.#integer(denominator);
    this.#depth -= 2;
    this.#budget.ratio(this.#out.length - start);
  }

  #decimal({ unscaled, scale }: Decimal): void {
    this.#beginTag(DECIMAL);
    this.#beginArray(2);
    // Not `-scale`, which of 0 is -0.
    this.#int(0 - scale);
    this.#integer(unscaled);
    this.#depth -= 2;
  }

  #extension(extension: Extension): void {
    const form = extension.toEdn();
    // A chain of them may have no end.
    if (isKind(form, "extension")) {
      throw new TypeError("the EDN form of an extension is an extension");
    }
    this.write(form);
  }

  /** Writes a tag that is not this format's, as it was read. */
  #unknownTag([tag, content, ...rest]: readonly Edn[]): void {
    const number = unsignedOf(tag);
    if (number === undefined || content === undefined || rest.length > 0 || isAssigned(number)) {
      throw unsupported(`${UNKNOWN_TAG} without a tag of others and one value`, "tagged");
    }
    this.#enter(1);
    this.#budget.object();
    this.#out.bigHead(6, BigInt(number));
    this.write(content);
    this.#depth--;
  }

  #unknownSimple([number, ...rest]: readonly Edn[]): void {
    if (!isSimple(number) || rest.length > 0) {
      throw unsupported(`${SIMPLE} without the number of one`, "tagged");
    }
    this.#budget.collection(1);
    if (number < 24) return this.#out.byte(0xe0 | number);
    this.#out.byte(0xf8);
    this.#out.byte(number);
  }

  /** The head of a value under its own name. */
  #beginNamed(name: string, kind: "tagged" | "record"): void {
    const known = this.#vocabulary.written(name);
    if (known !== undefined) {
      this.#enterObject();
      return this.#out.raw(known);
    }
    // Read back, it would be that kind, or not to be read at all.
    if (OWN_NAMES.has(name)) throw unsupported(`${name} is a name of the format itself`, kind);
    const start = this.#out.length;
    this.#beginObject(inCbor(name), kind);
    if (inValues(name) === name) this.#vocabulary.remember(name, this.#out.from(start));
    else this.#turned++;
  }

  /** The head of a value under a name. */
  #beginObject(name: string, kind: Kind): void {
    this.#enterObject();
    this.#out.head(6, OBJECT);
    this.#out.byte(0x82);
    this.#text(name, kind);
  }

  /** Counts a tag, and the array of a name and a value. */
  #enterObject(): void {
    this.#enter(2);
    this.#budget.collection(1);
  }

  #beginTag(tag: number): void {
    this.#enter(1);
    this.#budget.object();
    this.#out.head(6, tag);
  }

  #beginArray(count: number): void {
    this.#enter(1);
    this.#budget.collection(count);
    this.#out.head(4, count);
  }

  #enter(levels: number): void {
    this.#depth += levels;
    const { maxDepth } = this.#limits;
    if (this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth);
  }

  /** Writes a key of a map or an item of a set, and tells how much of it will be read as something else. */
  #key(key: Edn): number {
    const [start, turned] = [this.#out.length, this.#turned];
    this.write(key);
    this.#budget.key();
    if (isCostlyKey(key)) this.#budget.costlyKey(this.#out.length - start);
    return this.#turned - turned;
  }

  /** Makes sure that no two keys of the collection from `start` on are read as one. */
  #expectReadable(start: number): void {
    const reader = new Reader(this.#out.from(start), new Vocabulary({}), this.#limits);
    try {
      reader.readAll();
    } catch (error) {
      if (!isSyncError(error, "CODEC_INVALID")) throw error;
      throw unsupported("a key beside the other that it is read as", "record");
    }
  }

  // Names

  #keyword(name: Keyword): void {
    this.#budget.object();
    const known = this.#vocabulary.written(name);
    if (known !== undefined) return this.#out.raw(known);
    const text = name.toString();
    if (keyword(text.slice(1)) !== name) throw unsupported(OTHER_PARTS, "keyword");
    const start = this.#out.length;
    this.#out.head(6, NAME);
    this.#text(text, "keyword");
    this.#vocabulary.remember(name, this.#out.from(start));
  }

  #symbol({ namespace, name, identity }: EdnSymbol): void {
    const text = namespace === null ? name : `${namespace}/${name}`;
    if (symbol(text).identity !== identity) throw unsupported(OTHER_PARTS, "symbol");
    if (text.startsWith(":")) throw unsupported("a symbol that reads as a keyword", "symbol");
    this.#out.head(6, NAME);
    this.#text(text, "symbol");
  }

  // Scalars

  #text(text: string, kind: Kind): void {
    const size = textSize(text);
    if (size !== text.length && !isWellFormed(text)) {
      throw unsupported("a lone surrogate, which UTF-8 has no form for", kind);
    }
    this.#out.head(3, size);
    this.#out.text(text, size);
  }

  #taggedText(tag: number, text: string, kind: Kind): void {
    this.#enter(1);
    this.#out.head(6, tag);
    this.#text(text, kind);
    this.#depth--;
  }

  #bytes(bytes: Uint8Array): void {
    this.#out.head(2, bytes.length);
    this.#out.raw(bytes);
  }

  #uuid({ words }: Uuid): void {
    this.#out.head(6, UUID);
    this.#out.byte(0x50);
    for (const word of words) this.#out.word(word);
  }

  #inst(date: Date): void {
    const time = date.getTime();
    if (Number.isNaN(time)) throw unsupported("an instant without a time", "inst");
    const text = formatInstant(date);
    if (text !== undefined) return this.#taggedText(INSTANT_TEXT, text, "inst");
    this.#enter(1);
    this.#out.head(6, INSTANT_SECONDS);
    this.write(time / 1000);
    this.#depth--;
  }

  #char({ code }: Char): void {
    this.#beginObject(CHAR, "char");
    this.#text(String.fromCharCode(code), "char");
    this.#depth -= 2;
  }

  /** A long, or a big integer where it is none. */
  #integer(value: bigint): void {
    if (!isLong(value)) return this.#bigInteger(value);
    if (value >= 0n) this.#out.bigHead(0, value);
    else this.#out.bigHead(1, -1n - value);
  }

  #int(value: number): void {
    if (value >= 0) this.#out.head(0, value);
    else this.#out.head(1, -1 - value);
  }

  #bigInteger(value: bigint): void {
    this.#beginTag(value >= 0n ? POSITIVE : NEGATIVE);
    const bytes = toTwosComplement(value >= 0n ? value : -1n - value);
    // The byte that says it is not below zero.
    const magnitude = bytes.length > 1 && bytes[0] === 0 ? bytes.subarray(1) : bytes;
    const { maxIntegerBytes } = this.#limits;
    if (magnitude.length > maxIntegerBytes) throw exceeded("maxIntegerBytes", maxIntegerBytes);
    this.#budget.object();
    this.#bytes(magnitude);
    this.#depth--;
  }
}

const OTHER_PARTS = "a name whose text has other parts";

/** The unsigned integer of up to 64 bits that a value is. */
function unsignedOf(value: Edn | undefined): number | bigint | undefined {
  const integer = isKind(value, "bigInteger") ? value.value : value;
  if (typeof integer !== "number" && typeof integer !== "bigint") return undefined;
  if (integer < 0 || integer >= 2n ** 64n) return undefined;
  const number = Number(integer);
  if (Number.isSafeInteger(number)) return number;
  return typeof integer === "bigint" ? integer : undefined;
}

function isSimple(value: Edn | undefined): value is number {
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  return (value >= 0 && value < 20) || value === 23 || (value >= 32 && value < 0x100);
}
