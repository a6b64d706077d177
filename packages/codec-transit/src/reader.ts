import type { TagReaders } from "@datahike-sync/core";
import { Budget, isCostlyKey } from "@datahike-sync/core/codec-cost";
import { exceeded, invalid } from "@datahike-sync/core/codec-failure";
import {
  type Edn,
  EdnList,
  EdnMap,
  EdnSet,
  isKind,
  type Keyword,
  keyword,
  kindOf,
  ratio,
  Uuid,
} from "@datahike-sync/edn";
import { isCacheable, isCode, ReadCache } from "./cache.ts";
import type { TransitLimits } from "./limits.ts";
import { instantOf, isScalarTag, parseScalar } from "./scalars.ts";
import { COMPOSITE_MAP, LIST, QUOTE, RATIO, readTagged, SET, Tag, WITH_META } from "./tags.ts";
import { ARRAY, END, MAP, SCALAR, type Source, STRING, type Token } from "./token.ts";

/** What stands first in an array that is a map. */
const MAP_AS_ARRAY = "^ ";

const KEYWORD_MARK = ":";
const TAG_MARK = "#";
const TILDE = 0x7e;

/** Reads the one value of some tokens. Used once. */
export class Reader {
  readonly #source: Source;
  readonly #handlers: TagReaders;
  readonly #limits: TransitLimits;
  readonly #budget: Budget;
  readonly #cache: ReadCache<Edn | Tag> = new ReadCache();
  /** By text: a look-up here costs less than one among all keywords alive. */
  readonly #keywords: Map<string, Keyword> = new Map();
  readonly #mapMark: Tag;
  #depth = 0;
  /** The items of all collections that have not ended; the first `#count` of them are pending. */
  readonly #values: Edn[] = [];
  #count = 0;

  constructor(source: Source, handlers: TagReaders, limits: TransitLimits) {
    this.#source = source;
    this.#handlers = handlers;
    this.#limits = limits;
    this.#budget = new Budget(limits.maxExpansion);
    this.#mapMark = new Tag(MAP_AS_ARRAY, {});
  }

  /** The value of all tokens. */
  readAll(): Edn {
    const value = this.#read(this.#source.next(), false);
    this.#source.end();
    return value;
  }

  /** The value that begins with this token. */
  #read(token: Token, isKey: boolean): Edn {
    switch (token) {
      case STRING:
        return this.#string(isKey);
      case SCALAR:
        return this.#scalar();
      case ARRAY:
        return this.#array();
      case MAP:
        this.#enter();
        return this.#entries();
      default:
        throw invalid("an end in place of a value", this.#source.at);
    }
  }

  #scalar(): Edn {
    const { scalar, at } = this.#source;
    if (typeof scalar === "object" && scalar !== null) this.#budget.object(at);
    return scalar;
  }

  // Collections. A level of nesting takes room on the stack for every method that it goes through, so there
  // are few.

  #array(): Edn {
    this.#enter();
    const source = this.#source;
    const base = this.#count;
    let token = source.next();
    if (token === STRING) {
      const first = this.#resolve(false);
      if (first === this.#mapMark) return this.#entries();
      if (first instanceof Tag) return this.#tagged(first);
      this.#push(first);
      token = source.next();
    }
    for (; token !== END; token = source.next()) this.#push(this.#read(token, false));
    return Object.freeze(this.#leave(base));
  }

  /** A map; or a tagged value, in the JSON for people, where it is an object with the tag as its key. */
  #entries(): Edn {
    const source = this.#source;
    const base = this.#count;
    let start = this.#position;
    for (let token = source.next(); token !== END; token = source.next()) {
      let key: Edn | Tag = token === STRING ? this.#resolve(true) : this.#read(token, true);
      if (key instanceof Tag && this.#count === base) return this.#tagged(key);
      key = this.#untagged(key);
      this.#chargeKey(key, start);
      this.#push(key);
      this.#push(this.#read(source.next(), false));
      start = this.#position;
    }
    return EdnMap.fromFlat(this.#leave(base));
  }

  /** What a tag makes of the value behind it. */
  #tagged(tag: Tag): Edn {
    const source = this.#source;
    let value: Edn;
    switch (tag.name) {
      case LIST:
        value = new EdnList(Object.freeze(this.#items(0)));
        break;
      case SET:
        value = new EdnSet(this.#items(1));
        break;
      case COMPOSITE_MAP:
        value = this.#compositeMap();
        break;
      case RATIO:
        value = this.#ratio();
        break;
      default:
        value = this.#application(tag, this.#read(source.next(), false));
    }
    if (source.next() !== END) throw invalid("more than a value under a tag", source.at);
    this.#depth--;
    return value;
  }

  /** The items of an array that is just that. Each `step`-th is a key; with 0, none is. */
  #items(step: 0 | 1 | 2): Edn[] {
    const source = this.#source;
    if (source.next() !== ARRAY) throw invalid("no array under a tag that needs one", source.at);
    this.#enter();
    const base = this.#count;
    let start = this.#position;
    for (let token = source.next(); token !== END; token = source.next()) {
      const item = this.#read(token, false);
      if (step > 0 && (this.#count - base) % step === 0) this.#chargeKey(item, start);
      this.#push(item);
      start = this.#position;
    }
    return this.#leave(base);
  }

  #enter(): void {
    const { maxDepth } = this.#limits;
    const { at } = this.#source;
    if (++this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth, at);
    this.#budget.object(at);
  }

  /** Ends a collection, and gives its items: those from `base` on. */
  #leave(base: number): Edn[] {
    this.#depth--;
    this.#budget.items(this.#count - base, this.#source.at);
    const items = this.#values.slice(base, this.#count);
    this.#count = base;
    return items;
  }

  #push(value: Edn): void {
    this.#values[this.#count++] = value;
  }

  /** Grows by the bytes that a value stands for: those read, and those that codes repeat. */
  get #position(): number {
    return this.#source.at + this.#budget.repeated;
  }

  /** For a key of a map or item of a set that began at this position. */
  #chargeKey(key: Edn, start: number): void {
    const { at } = this.#source;
    this.#budget.key(at);
    if (isCostlyKey(key)) this.#budget.costlyKey(this.#position - start, at);
  }

  // Tags

  #compositeMap(): Edn {
    const items = this.#items(2);
    if (items.length % 2 !== 0) throw invalid("the last key has no value", this.#source.at);
    return EdnMap.fromFlat(items);
  }

  #ratio(): Edn {
    const start = this.#source.at;
    const [numerator, denominator, ...rest] = this.#items(0).map(integerOf);
    const { at } = this.#source;
    if (numerator === undefined || denominator === undefined || rest.length > 0) {
      throw invalid("a ratio is two integers", at);
    }
    if (denominator === 0n) throw invalid("a ratio over 0", at);
    this.#budget.object(at);
    this.#budget.ratio(at - start, at);
    return ratio(numerator, denominator);
  }

  /** What stands under a tag that can have any value behind it. */
  #application(tag: Tag, value: Edn): Edn {
    const { name, handler } = tag;
    const { at } = this.#source;
    this.#budget.object(at);
    if (name === QUOTE) return value;
    if (name === WITH_META) return withoutMeta(value, at);
    if (isScalarTag(name)) return this.#scalarOf(name, value);
    if (handler === undefined) return readTagged(name, value);
    try {
      return handler(Object.freeze([value]));
    } catch (cause) {
      const details = { tag: name.slice(0, 100) };
      throw invalid("a tagged value that its handler refuses", at, details, cause);
    }
  }

  /** A scalar whose letter is a tag of its own: so MessagePack has instants and UUIDs. */
  #scalarOf(letter: string, value: Edn): Edn {
    const { at } = this.#source;
    if (typeof value === "string") return this.#parse(letter, value);
    const made = letter === "m" ? instant(value) : letter === "u" ? uuidOf(value) : undefined;
    if (made === undefined) throw invalid("a scalar that is none of its kind", at, { tag: letter });
    return made;
  }

  // Strings

  #string(isKey: boolean): Edn {
    return this.#untagged(this.#resolve(isKey));
  }

  #untagged(value: Edn | Tag): Edn {
    if (value instanceof Tag) throw invalid("a tag that is not first", this.#source.at);
    return value;
  }

  /** What the string that was read last stands for. */
  #resolve(isKey: boolean): Edn | Tag {
    const { text, at } = this.#source;
    if (isCode(text)) return text === MAP_AS_ARRAY ? this.#mapMark : this.#recall(text);
    const value = text.charCodeAt(0) === TILDE && text.length > 1 ? this.#marked(text) : text;
    if (isCacheable(text, isKey)) this.#cache.add(value, text.length);
    if (value instanceof Tag) this.#budget.object(at);
    return value;
  }

  #recall(code: string): Edn | Tag {
    const { at } = this.#source;
    const entry = this.#cache.recall(code);
    if (entry === undefined) throw invalid("a code that was given to nothing", at);
    this.#budget.repeat(entry.length, at);
    return entry.value;
  }

  /** What a string of more than a tilde stands for. */
  #marked(text: string): Edn | Tag {
    const mark = text.charAt(1);
    const rest = text.slice(2);
    switch (mark) {
      case "~":
      case "^":
      case "`":
        return text.slice(1);
      case TAG_MARK:
        return new Tag(rest, this.#handlers);
      default:
        return isScalarTag(mark)
          ? this.#parse(mark, rest)
          : this.#application(new Tag(mark, this.#handlers), rest);
    }
  }

  #parse(letter: string, rest: string): Edn {
    if (letter === KEYWORD_MARK) return this.#keyword(rest);
    const { at } = this.#source;
    this.#budget.object(at);
    return parseScalar(letter, rest, at, this.#limits.maxDigits);
  }

  #keyword(text: string): Keyword {
    const { at } = this.#source;
    const known = this.#keywords.get(text);
    if (known !== undefined) {
      this.#budget.repeat(text.length, at);
      return known;
    }
    this.#budget.keyword(at);
    const made = keyword(text);
    this.#keywords.set(text, made);
    return made;
  }
}

function withoutMeta(value: Edn, offset: number): Edn {
  const [bare, , ...rest] = itemsOf(value);
  if (bare === undefined || rest.length > 0) {
    throw invalid("no value with its metadata", offset);
  }
  return bare;
}

function instant(value: Edn): Date | undefined {
  return kindOf(value) === "long" ? instantOf(Number(value)) : undefined;
}

/** The UUID of two longs, the upper half first. */
function uuidOf(value: Edn): Uuid | undefined {
  const [high, low, ...rest] = itemsOf(value).map(integerOf);
  if (high === undefined || low === undefined || rest.length > 0) return undefined;
  const word = (half: bigint, shift: bigint) => Number(BigInt.asIntN(32, half >> shift));
  return new Uuid(word(high, 32n), word(high, 0n), word(low, 32n), word(low, 0n));
}

function itemsOf(value: Edn): readonly Edn[] {
  return kindOf(value) === "vector" ? (value as readonly Edn[]) : [];
}

/** The integer of a long or big integer. */
function integerOf(value: Edn): bigint | undefined {
  if (isKind(value, "bigInteger")) return value.value;
  return kindOf(value) === "long" ? BigInt(value as number | bigint) : undefined;
}
