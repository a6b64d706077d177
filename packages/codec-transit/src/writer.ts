import { Budget, isCostlyKey } from "@datahike-sync/core/codec-cost";
import { exceeded, unsupported } from "@datahike-sync/core/codec-failure";
import {
  BigInteger,
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
  encodeBase64,
  type Float,
  formatDouble,
  isKind,
  isLong,
  type Keyword,
  type Kind,
  kindOf,
  long,
  type NumberArray,
  type Ratio,
  type RawList,
  type Regex,
  type Tagged,
  type Uri,
  type Uuid,
} from "@datahike-sync/edn";
import { isCacheable, WriteCache } from "./cache.ts";
import type { TransitLimits } from "./limits.ts";
import { plainName } from "./names.ts";
import {
  COMPOSITE_MAP,
  isReserved,
  KEYWORD,
  LIST,
  QUOTE,
  RATIO,
  RECORD,
  REGEX,
  recordForm,
  SET,
  SYMBOL,
  TAGGED,
} from "./tags.ts";
import type { Sink } from "./token.ts";

/** Writes one value. Used once. */
export class Writer {
  readonly #sink: Sink;
  readonly #limits: TransitLimits;
  readonly #budget: Budget;
  readonly #cache: WriteCache = new WriteCache();
  /** The strings of the keywords so far. To make one anew takes longer than all else about it. */
  readonly #keywords: Map<Keyword, string> = new Map();
  /** The same of tags. */
  readonly #tags: Map<string, string> = new Map();
  #depth = 0;

  constructor(sink: Sink, limits: TransitLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#budget = new Budget(limits.maxExpansion);
  }

  /** Writes the value: a scalar in a quote, since it could be taken for what it is not. */
  writeAll(value: Edn): void {
    if (isStringable(value)) this.#tagged(QUOTE, value);
    else this.#write(value, false);
  }

  /** Writes a value. As a key, which it may be where {@link isStringable}, JSON has it as a string. */
  #write(value: Edn, isKey: boolean): void {
    const sink = this.#sink;
    const asString = isKey && sink.hasStringKeys;
    switch (typeof value) {
      case "string":
        this.#emit(escape(value), isKey);
        return;
      case "number":
        return Number.isSafeInteger(value) ? this.#long(value, isKey) : this.#double(value, isKey);
      case "boolean":
        return asString ? this.#scalar(value ? "~?t" : "~?f", isKey) : sink.boolean(value);
      case "bigint":
        return isLong(value) ? this.#long(value, isKey) : this.#digits("~n", value, isKey);
      default:
        if (value !== null) return this.#object(value, isKey);
        return asString ? this.#scalar("~_", isKey) : sink.nil();
    }
  }

  #object(value: object, isKey: boolean): void {
    const kind = kindOf(value);
    switch (kind) {
      case "keyword":
        return this.#keyword(value as Keyword, isKey);
      case "vector":
        return this.#items(value as readonly Edn[]);
      case "map":
        return this.#map(value as EdnMap);
      case "uuid":
        return this.#uuid(value as Uuid, isKey);
      case "inst":
        return this.#instant(value as Date, isKey);
      case "double":
        return this.#double((value as Double).value, isKey);
      case "float":
        return this.#float(value as Float, isKey);
      case "bigInteger":
        return this.#digits("~n", (value as BigInteger).value, isKey);
      case "decimal":
        return this.#digits("~f", value as Decimal, isKey);
      case "symbol":
        return this.#symbol(value as EdnSymbol, isKey);
      case "bytes":
        return this.#scalar(`~b${encodeBase64(value as Uint8Array)}`, isKey);
      case "char":
        return this.#scalar(`~c${(value as Char).toString()}`, isKey);
      case "uri":
        return this.#scalar(`~r${(value as Uri).text}`, isKey);
      default:
        return this.#composite(kind, value, isKey);
    }
  }

  #composite(kind: Kind | undefined, value: object, isKey: boolean): void {
    switch (kind) {
      case "list":
        return this.#under(LIST, () => this.#items((value as EdnList).items));
      case "set":
        return this.#under(SET, () => this.#keyedItems([...(value as EdnSet)], 1));
      case "ratio":
        return this.#under(RATIO, () => this.#ratio(value as Ratio));
      case "rawList":
        return this.#items((value as RawList).items);
      case "numberArray":
        return this.#items((value as NumberArray).toEdn());
      case "record":
        return this.#tagged(RECORD, recordForm(value as EdnRecord));
      case "regex":
        return this.#tagged(REGEX, (value as Regex).source);
      case "tagged":
        return this.#application(value as Tagged, isKey);
      case "extension":
        return this.#write(formOf(value as Extension), isKey);
      default:
        throw new TypeError("not an EDN value");
    }
  }

  // Collections

  #items(items: readonly Edn[]): void {
    this.#begin(items.length);
    this.#sink.beginArray(items.length);
    // Engines iterate over frozen arrays slowly; an index costs nothing.
    for (let i = 0; i < items.length; i++) this.#write(items[i] as Edn, false);
    this.#end();
  }

  /** An array of which each `step`-th item is a key. */
  #keyedItems(items: readonly Edn[], step: 1 | 2): void {
    this.#begin(items.length);
    this.#sink.beginArray(items.length);
    for (const [i, item] of items.entries()) {
      if (i % step === 0) this.#key(item, false);
      else this.#write(item, false);
    }
    this.#end();
  }

  #map(map: EdnMap): void {
    for (const key of map.keys()) {
      if (isStringable(key)) continue;
      return this.#under(COMPOSITE_MAP, () => this.#keyedItems([...map].flat(), 2));
    }
    this.#begin(2 * map.size);
    this.#sink.beginMap(map.size);
    for (const [key, value] of map) {
      this.#key(key, true);
      this.#write(value, false);
    }
    this.#end();
  }

  /** A tagged value, which may be read as one of another kind. */
  #tagged(tag: string, value: Edn): void {
    this.#under(tag, () => this.#write(value, false));
    this.#budget.object();
  }

  #application(value: Tagged, isKey: boolean): void {
    const text = scalarText(value);
    if (text !== undefined) return this.#scalar(text, isKey);
    const { tag, fields } = value;
    const [field] = fields;
    if (field === undefined || fields.length > 1 || isReserved(tag)) {
      // Not spread, which is slow where they are frozen.
      this.#tagged(TAGGED, [tag as Edn].concat(fields));
    } else {
      this.#tagged(tag, field);
    }
  }

  #ratio({ numerator, denominator }: Ratio): void {
    const start = this.#sink.length;
    this.#items([new BigInteger(numerator), new BigInteger(denominator)]);
    this.#budget.object();
    this.#budget.ratio(this.#sink.length - start);
  }

  /** An array of a tag and what `write` writes. */
  #under(tag: string, write: () => void): void {
    this.#begin(0);
    this.#sink.beginArray(2);
    this.#tag(tag);
    write();
    this.#end();
  }

  #tag(tag: string): void {
    let text = this.#tags.get(tag);
    if (text === undefined) this.#tags.set(tag, (text = `~#${tag}`));
    this.#scalar(text, false);
  }

  #begin(items: number): void {
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth);
    this.#budget.object();
    this.#budget.items(items);
  }

  #end(): void {
    this.#depth--;
    this.#sink.end();
  }

  /** A key of a map or an item of a set. */
  #key(key: Edn, isKey: boolean): void {
    const value = isKind(key, "extension") ? formOf(key) : key;
    const start = this.#position;
    this.#write(value, isKey);
    this.#budget.key();
    if (isCostlyKey(value)) this.#budget.costlyKey(this.#position - start);
  }

  /** As the reader's: grows by the bytes that a value stands for. */
  get #position(): number {
    return this.#sink.length + this.#budget.repeated;
  }

  // Scalars

  #keyword(keyword: Keyword, isKey: boolean): void {
    const known = this.#keywords.get(keyword);
    if (known !== undefined) {
      if (this.#emit(known, isKey)) this.#budget.repeat(known.length - 2);
      return;
    }
    const name = plainName(keyword);
    if (name === undefined) return this.#tagged(KEYWORD, [keyword.namespace, keyword.name]);
    const text = `~:${name}`;
    this.#keywords.set(keyword, text);
    this.#budget.keyword();
    this.#emit(text, isKey);
  }

  #symbol(symbol: EdnSymbol, isKey: boolean): void {
    const text = plainName(symbol);
    if (text === undefined) this.#tagged(SYMBOL, [symbol.namespace, symbol.name]);
    else this.#scalar(`~$${text}`, isKey);
  }

  #long(value: number | bigint, isKey: boolean): void {
    const isString = isKey || !Number.isSafeInteger(Number(value));
    if (isString && this.#sink.hasStringKeys) this.#scalar(`~i${value}`, isKey);
    else this.#sink.integer(value);
  }

  #double(value: number, isKey: boolean): void {
    if (this.#needsString(value, isKey)) this.#scalar(realText(formatDouble(value)), isKey);
    else this.#sink.double(value);
  }

  #float(float: Float, isKey: boolean): void {
    if (this.#needsString(float.value, isKey)) this.#scalar(realText(float.toString()), isKey);
    else this.#sink.float(float.value);
  }

  #needsString(real: number, isKey: boolean): boolean {
    if (!Number.isFinite(real) || (isKey && this.#sink.hasStringKeys)) return true;
    // A reader makes an object of it, so that it is no long.
    if (Number.isSafeInteger(real)) this.#budget.object();
    return false;
  }

  #digits(mark: "~n" | "~f", value: bigint | Decimal, isKey: boolean): void {
    const { maxDigits } = this.#limits;
    const text = value.toString();
    if (text.length > maxDigits) throw exceeded("maxDigits", maxDigits);
    this.#scalar(mark + text, isKey);
  }

  #uuid(uuid: Uuid, isKey: boolean): void {
    if (isKey || this.#sink.hasStringKeys) return this.#scalar(`~u${uuid.toString()}`, isKey);
    const view = new DataView(uuid.toBytes().buffer);
    this.#tagged("u", [long(view.getBigInt64(0)), long(view.getBigInt64(8))]);
  }

  #instant(date: Date, isKey: boolean): void {
    const time = date.getTime();
    if (Number.isNaN(time)) throw unsupported("an instant without a time", "inst");
    if (isKey || this.#sink.hasStringKeys) this.#scalar(`~m${time}`, isKey);
    else this.#tagged("m", time);
  }

  /** A string that stands for an object of its own. */
  #scalar(text: string, isKey: boolean): void {
    if (this.#emit(text, isKey)) this.#budget.object();
  }

  /** Writes a string or the code that stands for it, and tells whether it was the string. */
  #emit(text: string, isKey: boolean): boolean {
    const code = isCacheable(text, isKey) ? this.#cache.codeOf(text) : undefined;
    this.#sink.string(code ?? text);
    if (code !== undefined) this.#budget.repeat(text.length);
    return code === undefined;
  }
}

/** Whether transit has a string for this value, so that JSON can have it as a key. */
function isStringable(value: Edn): boolean {
  if (typeof value !== "object" || value === null) return true;
  const kind = kindOf(value);
  switch (kind) {
    case "uuid":
    case "inst":
    case "double":
    case "float":
    case "bigInteger":
    case "decimal":
    case "bytes":
    case "char":
    case "uri":
      return true;
    case "keyword":
    case "symbol":
      return plainName(value as Keyword | EdnSymbol) !== undefined;
    case "tagged":
      return scalarText(value as Tagged) !== undefined;
    case "extension":
      return isStringable(formOf(value as Extension));
    default:
      return false;
  }
}

/** The string that a tagged value is, if it is one of text and its tag a letter. */
function scalarText({ tag, fields }: Tagged): string | undefined {
  const [text] = fields;
  if (tag.length !== 1 || fields.length > 1 || typeof text !== "string") return undefined;
  return isReserved(tag) || NO_LETTERS.includes(tag) ? undefined : `~${tag}${text}`;
}

/** What behind a tilde stands for something else than a scalar. */
const NO_LETTERS = "~^`#";

/** A chain of forms may have no end. */
function formOf(extension: Extension): Edn {
  const form = extension.toEdn();
  if (isKind(form, "extension")) {
    throw new TypeError("the EDN form of an extension is an extension");
  }
  return form;
}

/** A string that begins as codes, tags and scalars do, so that it is none. */
function escape(text: string): string {
  const first = text.charCodeAt(0);
  return first === TILDE || first === CARET || first === BACKTICK ? `~${text}` : text;
}

const CARET = 0x5e;
const BACKTICK = 0x60;
const TILDE = 0x7e;

/** The string of a real number that Java prints so. */
function realText(text: string): string {
  return SPECIAL.get(text) ?? `~d${text}`;
}

const SPECIAL: ReadonlyMap<string, string> = new Map([
  ["NaN", "~zNaN"],
  ["Infinity", "~zINF"],
  ["-Infinity", "~z-INF"],
]);
