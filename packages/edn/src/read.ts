/** The reader of EDN text: one pass over UTF-16 units, with a stack of its own. */
import { Char } from "./char.ts";
import { DEFAULT_TAGS, type TagReaders } from "./default-tags.ts";
import { type ErrorDetails, SyncError } from "./error.ts";
import { parseCharacter, parseEscape } from "./escapes.ts";
import { isKind, kindOf, notEdn } from "./kind.ts";
import { MAX_DEPTH, MAX_DIGITS } from "./limits.ts";
import { EdnList } from "./list.ts";
import { EdnMap } from "./map.ts";
import { type EdnSymbol, type Keyword, keyword, symbol } from "./name.ts";
import { parseNumber } from "./number-text.ts";
import { EdnSet } from "./set.ts";
import {
  endsToken,
  isBlank,
  isDigit,
  isKeywordText,
  isSymbolText,
  isTagText,
  startsNumber,
} from "./syntax.ts";
import { Tagged } from "./tagged.ts";
import type { Edn } from "./value.ts";

export interface ReaderOptions {
  /**
   * Readers of tags, which come before the ones of this package. A tag that nobody reads becomes a
   * `Tagged` of one field. What stands behind `#_` is given to none.
   */
  readonly tags?: TagReaders | undefined;
  /** How deep values, tags and `#_` may nest. Default 1000. */
  readonly maxDepth?: number | undefined;
  /**
   * The longest number, in characters. The time that a number takes grows faster than its length, and
   * this bounds it. Default 2048.
   */
  readonly maxDigits?: number | undefined;
}

/**
 * The value of a text that holds exactly one. Collections in it are frozen.
 *
 * @throws {SyncError} `EDN_SYNTAX` when the text is not EDN or exceeds a limit. `details` has the
 * `offset` (UTF-16 units from 0), `line` and `column` (from 1) of what is wrong, an unclosed form's
 * being its beginning; the `tag` whose reader refused a value; the `limit`.
 */
export function read(text: string, options: ReaderOptions = {}): Edn {
  const reader = new Reader(text, options);
  const value = reader.next();
  if (value === undefined) throw reader.fault("the text holds no value", text.length);
  if (reader.next() !== undefined) throw reader.fault("a second value", reader.start);
  return value;
}

/** The values of a text, none to many. Options and errors are those of {@link read}. */
export function readAll(text: string, options: ReaderOptions = {}): Edn[] {
  const reader = new Reader(text, options);
  const values: Edn[] = [];
  for (let value = reader.next(); value !== undefined; value = reader.next()) values.push(value);
  return values;
}

// UTF-16 units that forms begin and end with.
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const HASH = 0x23;
const OPEN_LIST = 0x28;
const CLOSE_LIST = 0x29;
const MINUS = 0x2d;
const DIGIT_ZERO = 0x30;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const OPEN_VECTOR = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_VECTOR = 0x5d;
const CARET = 0x5e;
const UNDERSCORE = 0x5f;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const NONE = 0;
const END_OF_TEXT = -1;

/** Integers of up to so many digits are exact in a double. */
const EXACT_DIGITS = 15;

type Form = "list" | "vector" | "map" | "set" | "tag" | "discard";

const CLOSERS: Readonly<Record<Form, number>> = {
  list: CLOSE_LIST,
  vector: CLOSE_VECTOR,
  map: CLOSE_MAP,
  set: CLOSE_MAP,
  tag: NONE,
  discard: NONE,
};

/** A form that has begun and waits for values. */
interface Frame {
  form: Form;
  /** Where it begins. */
  start: number;
  /** A tag's name, a namespaced map's namespace. */
  name: string | undefined;
  /** Where its values begin among the pending ones. */
  base: number;
}

const SYMBOLIC: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Inf", Number.POSITIVE_INFINITY],
  ["-Inf", Number.NEGATIVE_INFINITY],
]);

class Reader {
  /** Where the value begins that was read last, or is being read. */
  start = 0;
  readonly #text: string;
  readonly #options: ReaderOptions;
  readonly #maxDepth: number;
  readonly #maxDigits: number;
  /** One frame for each depth, used again and again; the first `#depth` of them are open. */
  readonly #frames: Frame[] = [];
  #depth = 0;
  /** The values of all open forms; the first `#count` of them are pending. */
  readonly #values: Edn[] = [];
  #count = 0;
  /** By text: a look-up here costs less than one among all keywords alive. */
  readonly #keywords = new Map<string, Keyword>();
  /** The readers of the tags seen so far, `undefined` for tags that nobody reads. */
  readonly #tags = new Map<string, TagReaders[string] | undefined>();
  /** How many of the open forms are `#_`. */
  #discards = 0;
  #at = 0;

  constructor(text: string, options: ReaderOptions) {
    this.#text = text;
    this.#options = options;
    this.#maxDepth = options.maxDepth ?? MAX_DEPTH;
    this.#maxDigits = options.maxDigits ?? MAX_DIGITS;
  }

  /** The next value, or `undefined` where the text ends. */
  next(): Edn | undefined {
    for (;;) {
      const first = this.#skipBlanks();
      if (this.#depth === 0) this.start = this.#at;
      if (first === END_OF_TEXT) return this.#end();
      const value = this.#readForm(first);
      const whole = value === undefined ? undefined : this.#deliver(value);
      if (whole !== undefined) return whole;
    }
  }

  /** The error that something at an offset is wrong. */
  fault(message: string, offset: number, facts: ErrorDetails = {}, cause?: unknown): SyncError {
    let line = 1;
    let begin = 0;
    for (let at = this.#text.indexOf("\n"); at >= 0 && at < offset; line++) {
      begin = at + 1;
      at = this.#text.indexOf("\n", begin);
    }
    const details = { line, column: offset - begin + 1, offset, ...facts };
    return new SyncError("EDN_SYNTAX", message, { details, cause });
  }

  /** Goes to the next form and tells its first unit. */
  #skipBlanks(): number {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (code === SEMICOLON) this.#skipComment();
      else if (isBlank(code)) this.#at++;
      else return code;
    }
    return END_OF_TEXT;
  }

  #skipComment(): void {
    const text = this.#text;
    while (this.#at < text.length && !isLineEnd(text.charCodeAt(this.#at))) this.#at++;
  }

  #end(): undefined {
    const open = this.#frames[this.#depth - 1];
    if (open !== undefined) throw this.fault(`the text ends within a ${open.form}`, open.start);
  }

  /** The value that begins and ends here, or `undefined` for the beginning of a form. */
  #readForm(first: number): Edn | undefined {
    switch (first) {
      case COLON:
        return this.#readKeyword();
      case QUOTE:
        return this.#readString();
      case OPEN_LIST:
        return this.#open("list", 1);
      case OPEN_VECTOR:
        return this.#open("vector", 1);
      case OPEN_MAP:
        return this.#open("map", 1);
      case CLOSE_LIST:
      case CLOSE_VECTOR:
      case CLOSE_MAP:
        return this.#close(first);
      case HASH:
        return this.#readDispatch(this.#text.charCodeAt(this.#at + 1));
      case BACKSLASH:
        return this.#readCharacter();
      case CARET:
        throw this.fault("metadata is no part of EDN", this.#at);
      default:
        return startsNumber(first, this.#text.charCodeAt(this.#at + 1))
          ? this.#readNumber()
          : this.#readSymbol();
    }
  }

  /** Hands a value to the form that waits for it; gives it back where none does. */
  #deliver(value: Edn): Edn | undefined {
    let item = value;
    for (;;) {
      const frame = this.#frames[this.#depth - 1];
      if (frame === undefined) return item;
      if (frame.form === "tag") {
        this.#depth--;
        item = this.#readTagged(frame, item);
      } else if (frame.form === "discard") {
        this.#depth--;
        this.#discards--;
        return undefined;
      } else {
        this.#values[this.#count++] = item;
        return undefined;
      }
    }
  }

  #open(form: Form, length: number, name?: string): undefined {
    if (this.#depth >= this.#maxDepth) {
      throw this.fault("too deeply nested", this.#at, { limit: "maxDepth", max: this.#maxDepth });
    }
    const frame = this.#frames[this.#depth];
    if (frame === undefined) {
      this.#frames.push({ form, start: this.#at, name, base: this.#count });
    } else {
      frame.form = form;
      frame.start = this.#at;
      frame.name = name;
      frame.base = this.#count;
    }
    this.#depth++;
    this.#at += length;
  }

  #close(unit: number): Edn {
    const frame = this.#frames[this.#depth - 1];
    if (frame === undefined) throw this.fault("nothing is open that this closes", this.#at);
    if (CLOSERS[frame.form] !== unit) {
      throw this.fault(`this does not close the ${frame.form}`, this.#at, { opened: frame.start });
    }
    this.#depth--;
    this.#at++;
    const items = this.#values.slice(frame.base, this.#count);
    this.#count = frame.base;
    switch (frame.form) {
      case "list":
        return new EdnList(Object.freeze(items));
      case "map":
        return this.#makeMap(frame, items);
      case "set":
        return this.#makeSet(frame, items);
      default:
        return Object.freeze(items);
    }
  }

  #makeMap({ start, name }: Frame, items: Edn[]): EdnMap {
    const count = items.length;
    if (count % 2 !== 0) throw this.fault("the last key of the map has no value", start);
    if (name !== undefined) qualifyKeys(items, name);
    const map = EdnMap.fromFlat(items);
    if (map.size < count / 2) throw this.fault("a key is twice in the map", start);
    return map;
  }

  #makeSet({ start }: Frame, items: readonly Edn[]): EdnSet {
    const set = new EdnSet(items);
    if (set.size < items.length) throw this.fault("an item is twice in the set", start);
    return set;
  }

  #readDispatch(second: number): Edn | undefined {
    switch (second) {
      case OPEN_MAP:
        return this.#open("set", 2);
      case UNDERSCORE:
        this.#open("discard", 2);
        this.#discards++;
        return undefined;
      case COLON:
        return this.#openNamespacedMap();
      case HASH:
        return this.#readSymbolic();
      case CARET:
        throw this.fault("metadata is no part of EDN", this.#at);
      case QUOTE:
        throw this.fault("a regular expression is #regex in EDN", this.#at);
      default:
        return this.#openTag();
    }
  }

  /** `#:person{:name …}`, where `:_/name` is plain `:name`. */
  #openNamespacedMap(): undefined {
    const start = this.#at;
    const end = this.#tokenEnd(start + 2);
    const namespace = this.#text.slice(start + 2, end);
    if (!isSymbolText(namespace) || namespace.includes("/")) {
      throw this.fault("not the namespace of a map", start);
    }
    let brace = end;
    while (isBlank(this.#text.charCodeAt(brace))) brace++;
    if (this.#text.charCodeAt(brace) !== OPEN_MAP) {
      throw this.fault("no map behind its namespace", start);
    }
    return this.#open("map", brace + 1 - start, namespace);
  }

  #readSymbolic(): number {
    const start = this.#at;
    const token = this.#readToken(2);
    const value = SYMBOLIC.get(token);
    if (value === undefined) throw this.fault("not a symbolic value", start);
    return value;
  }

  #openTag(): undefined {
    const start = this.#at;
    const tag = this.#text.slice(start + 1, this.#tokenEnd(start + 1));
    if (!this.#tags.has(tag)) {
      if (!isTagText(tag)) throw this.fault("not a tag", start);
      this.#tags.set(tag, tagReader(tag, this.#options.tags));
    }
    return this.#open("tag", 1 + tag.length, tag);
  }

  #readTagged({ name: tag = "", start }: Frame, value: Edn): Edn {
    if (this.#discards > 0) return value;
    const reader = this.#tags.get(tag);
    if (reader === undefined) return new Tagged(tag, Object.freeze([value]));
    try {
      const made = reader([value]);
      if (kindOf(made) === undefined) throw notEdn(made);
      return made;
    } catch (cause) {
      throw this.fault("the value cannot have its tag", start, { tag }, cause);
    }
  }

  #readKeyword(): Keyword {
    const start = this.#at;
    const text = this.#readToken(1);
    let value = this.#keywords.get(text);
    if (value === undefined) {
      if (!isKeywordText(text)) throw this.fault("not a keyword", start);
      value = keyword(text);
      this.#keywords.set(text, value);
    }
    return value;
  }

  #readSymbol(): Edn {
    const start = this.#at;
    const text = this.#readToken(0);
    switch (text) {
      case "nil":
        return null;
      case "true":
        return true;
      case "false":
        return false;
      default:
        if (!isSymbolText(text)) throw this.fault("not a symbol", start);
        return symbol(text);
    }
  }

  #readNumber(): Edn {
    const text = this.#text;
    const start = this.#at;
    const sign = isDigit(text.charCodeAt(start)) ? 0 : 1;
    const first = start + sign;
    let at = first;
    let magnitude = 0;
    for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) {
      magnitude = magnitude * 10 + code - DIGIT_ZERO;
    }
    const end = this.#tokenEnd(at);
    this.#at = end;
    if (end - start > this.#maxDigits) {
      const facts = { limit: "maxDigits", max: this.#maxDigits };
      throw this.fault("the number is too long", start, facts);
    }
    const isOctal = text.charCodeAt(first) === DIGIT_ZERO && at > first + 1;
    if (end === at && at - first <= EXACT_DIGITS && !isOctal) {
      // 0 - 0 is 0, and -0 would be a double.
      return text.charCodeAt(start) === MINUS ? 0 - magnitude : magnitude;
    }
    try {
      return parseNumber(text.slice(start, end));
    } catch (cause) {
      throw this.fault("not a number", start, {}, cause);
    }
  }

  #readCharacter(): Char {
    const start = this.#at;
    // Whatever follows belongs to the character, even if it would end a token.
    const name = this.#text.slice(start + 1, this.#tokenEnd(start + 2));
    this.#at = start + 1 + name.length;
    const code = parseCharacter(name);
    if (code === undefined) throw this.fault("not a character", start);
    return new Char(code);
  }

  #readString(): string {
    const text = this.#text;
    const start = this.#at;
    let value = "";
    let from = start + 1;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return value + text.slice(from, at);
      }
      if (code === BACKSLASH) {
        const escape = parseEscape(text, at);
        if (escape === undefined) throw this.fault("no such escape in a string", at);
        value += text.slice(from, at) + escape.unit;
        from = at + escape.length;
        at = from - 1;
      }
    }
    throw this.fault("the text ends within a string", start);
  }

  #readToken(prefix: number): string {
    const start = this.#at + prefix;
    this.#at = this.#tokenEnd(start);
    return this.#text.slice(start, this.#at);
  }

  #tokenEnd(start: number): number {
    const text = this.#text;
    let end = start;
    while (end < text.length && !endsToken(text.charCodeAt(end))) end++;
    return Math.min(end, text.length);
  }
}

function isLineEnd(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}

/** The reader of a tag: the caller's before ours. Only own properties count as readers. */
function tagReader(tag: string, custom: TagReaders = {}): TagReaders[string] | undefined {
  if (Object.hasOwn(custom, tag)) return custom[tag];
  return Object.hasOwn(DEFAULT_TAGS, tag) ? DEFAULT_TAGS[tag] : undefined;
}

/** Gives the keys among `items` the namespace of their map, and none to those with `_`. */
function qualifyKeys(items: Edn[], namespace: string): void {
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (isKind(key, "keyword")) items[i] = keyword(qualify(key, namespace), key.name);
    if (isKind(key, "symbol")) items[i] = symbol(qualify(key, namespace), key.name);
  }
}

function qualify(key: Keyword | EdnSymbol, namespace: string): string | null {
  return key.namespace === null ? namespace : key.namespace === "_" ? null : key.namespace;
}
