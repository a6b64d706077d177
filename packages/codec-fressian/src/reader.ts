import type { TagReaders } from "@datahike-sync/core";
import { isCostlyKey, roomFor } from "@datahike-sync/core/codec-cost";
import { exceeded, invalid, truncated } from "@datahike-sync/core/codec-failure";
import {
  double,
  type Edn,
  EdnList,
  EdnMap,
  EdnSet,
  float,
  isKind,
  numberArray,
  RawList,
  record,
  Tagged,
} from "@datahike-sync/edn";
import { Budget } from "./budget.ts";
import { readFooter } from "./footer.ts";
import { Input } from "./input.ts";
import type { FressianLimits } from "./limits.ts";
import { readNumbers } from "./number-arrays.ts";
import { PriorityCache } from "./priority-cache.ts";
import { ScalarReader } from "./scalar-reader.ts";
import { APPLICATION, FORMS, LIST, RECORD, VECTOR } from "./tags.ts";

/** Reads the one value of some bytes. Used once. */
export class Reader {
  readonly #in: Input;
  readonly #budget: Budget;
  readonly #cache: PriorityCache;
  readonly #scalars: ScalarReader;
  readonly #handlers: TagReaders;
  readonly #maxDepth: number;
  #depth = 0;
  #structs: StructType[] = [];
  /** Where the bytes begin that the next footer is of. */
  #start = 0;

  constructor(bytes: Uint8Array, handlers: TagReaders, limits: FressianLimits) {
    if (bytes.length > limits.maxBytes) throw exceeded("maxBytes", limits.maxBytes, 0);
    this.#in = new Input(bytes);
    this.#budget = new Budget(this.#in, limits.maxExpansion);
    this.#cache = new PriorityCache(this.#in, this.#budget);
    this.#scalars = new ScalarReader(this.#in, this.#budget, this.#cache, limits.maxIntegerBytes);
    this.#handlers = handlers;
    this.#maxDepth = limits.maxDepth;
  }

  /** The offset of the next byte. */
  get offset(): number {
    return this.#in.at;
  }

  /** The value of all bytes. */
  readAll(): Edn {
    const input = this.#in;
    const value = this.#read(input.code());
    while (input.at < input.bytes.length) {
      if (input.code() !== 0xcf) throw invalid("bytes after the value", input.at - 1);
      this.#endRun();
    }
    return value;
  }

  /** The object that begins with this code. What holds other objects is left to {@link #collection}. */
  #read(code: number): Edn {
    if (code < 0x40) return code;
    if (code < 0x80) return this.#in.packedInt(code);
    if (code < 0xa0) return this.#cache.at(code - 0x80).value;
    if (code < 0xc2) return this.#collection(code);
    switch (code) {
      case 0xc3:
      case 0xc4:
      case 0xc5:
      case 0xc6:
      case 0xc7:
      case 0xc8:
      case 0xc9:
      case 0xca:
        return this.#scalars.read(code);
      case 0xcc:
        return this.#cache.at(this.#in.index()).value;
      case 0xcd:
        return this.#remember();
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
      case 0xd9:
        this.#budget.object();
        return this.#in.byteArray(code);
      case 0xda:
      case 0xdb:
      case 0xdc:
      case 0xdd:
      case 0xde:
      case 0xdf:
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
        return this.#in.text(code);
      case 0xf5:
        return true;
      case 0xf6:
        return false;
      case 0xf7:
        return null;
      case 0xf8:
        return this.#in.long();
      case 0xf9:
        this.#budget.object();
        return float(this.#in.float());
      case 0xfa:
        return double(this.#in.double());
      case 0xfb:
        return ZERO;
      case 0xfc:
        return ONE;
      case 0xff:
        return -1;
      default:
        return this.#collection(code);
    }
  }

  /**
   * The object that begins with this code and may hold others. All kinds are in one method, because a
   * level of nesting takes room on the stack for every method that it goes through.
   */
  #collection(code: number): Edn {
    const input = this.#in;
    if (++this.#depth > this.#maxDepth) throw exceeded("maxDepth", this.#maxDepth, input.at - 1);
    this.#budget.object();
    const struct = this.#structOf(code);
    const form = struct === NO_STRUCT ? code : struct.form;
    let value: Edn;
    if (form === VECTOR) {
      value = Object.freeze(this.#items(input.count()));
    } else if (form === APPLICATION) {
      value = this.#tagged(struct, Object.freeze(this.#items(this.#fieldCount(struct))));
    } else {
      switch (form) {
        case 0xb0:
        case 0xb1:
        case 0xb2:
        case 0xb3:
        case 0xb4:
          value = this.#numbers(form);
          break;
        case 0xb5:
          value = numberArray("object", Object.freeze(this.#items(input.count())));
          break;
        case 0xc0:
          value = EdnMap.fromFlat(this.#keyedItems(2));
          break;
        case 0xc1:
          value = new EdnSet(this.#keyedItems(1));
          break;
        case 0xcf:
        case 0xfe:
          value = this.#afterReset(form);
          break;
        case 0xe4:
        case 0xe5:
        case 0xe6:
        case 0xe7:
        case 0xe8:
        case 0xe9:
        case 0xea:
        case 0xeb:
          value = new RawList(Object.freeze(this.#items(form - 0xe4)));
          break;
        case 0xec:
          value = new RawList(Object.freeze(this.#items(input.count())));
          break;
        case 0xed:
        case 0xee:
          value = new RawList(Object.freeze(this.#itemsUntilEnd(form)));
          break;
        case LIST:
          value = new EdnList(Object.freeze(this.#items(input.count())));
          break;
        case RECORD:
          value = this.#record();
          break;
        default:
          value = this.#scalars.read(form);
      }
    }
    this.#depth--;
    return value;
  }

  #remember(): Edn {
    const entry = this.#cache.begin();
    const code = this.#in.code();
    // No writer does it, and a chain of them would be nesting that nobody counts.
    if (code === 0xcd) throw invalid("an object that is cached twice", this.#in.at - 1);
    return this.#cache.end(entry, this.#read(code));
  }

  /** The struct that a code defines or refers to. */
  #structOf(code: number): StructType {
    if (code > 0xaf && code !== 0xef && code !== 0xf0) return NO_STRUCT;
    if (code === 0xef) return this.#define();
    const index = code === 0xf0 ? this.#in.index() : code - 0xa0;
    const struct = this.#structs[index];
    if (struct === undefined) throw invalid("no struct here", this.#in.at - 1, { index });
    return struct;
  }

  #define(): StructType {
    const tag = this.#scalars.string();
    const fields = this.#in.index();
    const form = FORMS.get(tag) ?? APPLICATION;
    const handler = Object.hasOwn(this.#handlers, tag) ? this.#handlers[tag] : undefined;
    const struct: StructType = { tag, fields, form, handler };
    this.#structs.push(struct);
    return struct;
  }

  /** Resets the caches as often as it is asked for, in a loop, and reads the object that follows. */
  #afterReset(code: number): Edn {
    let next = code;
    for (; next === 0xcf || next === 0xfe; next = this.#in.code()) {
      if (next === 0xcf) this.#endRun();
      else this.#forget();
    }
    return this.#read(next);
  }

  #endRun(): void {
    readFooter(this.#in, this.#start);
    this.#start = this.#in.at;
    this.#forget();
  }

  #forget(): void {
    this.#cache.clear();
    this.#structs = [];
  }

  #items(count: number): Edn[] {
    this.#budget.items(count);
    const input = this.#in;
    const items = roomFor<Edn>(count);
    for (let i = 0; i < count; i++) items[i] = this.#read(input.code());
    return items;
  }

  /** The items of a closed list (0xed), or of an open one (0xee), which may end with the bytes. */
  #itemsUntilEnd(code: number): Edn[] {
    const input = this.#in;
    const items: Edn[] = [];
    while (code === 0xed || input.at < input.bytes.length) {
      const next = input.code();
      if (next === 0xfd) break;
      this.#budget.items(1);
      items.push(this.#read(next));
    }
    return items;
  }

  /** The items of the raw list of a map (`step` 2) or a set (1); each `step`-th of them is a key. */
  #keyedItems(step: 1 | 2): Edn[] {
    const input = this.#in;
    const offset = input.at;
    const code = input.code();
    if (code < 0xe4 || code > 0xec) return this.#uncountedItems(code, step);
    const count = code === 0xec ? input.count() : code - 0xe4;
    if (count % step !== 0) throw invalid(NO_VALUE, offset);
    this.#budget.items(count);
    const items = roomFor<Edn>(count);
    for (let i = 0; i < count; i++) {
      const start = this.#budget.position;
      const item = this.#read(input.code());
      if (i % step === 0 && isCostlyKey(item)) this.#budget.identity(start);
      items[i] = item;
    }
    return items;
  }

  /** The same where the raw list is closed, open or cached. */
  #uncountedItems(code: number, step: 1 | 2): Edn[] {
    const offset = this.#in.at - 1;
    const start = this.#budget.position - 1;
    const items = this.#listItems(code);
    if (items.length % step !== 0) throw invalid(NO_VALUE, offset);
    if (items.some(isCostlyKey)) this.#budget.identity(start);
    return items;
  }

  /** A new array of the items of an object that must be a raw list. */
  #listItems(code: number): Edn[] {
    if (code === 0xed || code === 0xee) return this.#itemsUntilEnd(code);
    const offset = this.#in.at - 1;
    const value = this.#read(code);
    if (!isKind(value, "rawList")) throw invalid("not a list", offset);
    return [...value.items];
  }

  #record(): Edn {
    const input = this.#in;
    const count = input.count();
    const offset = input.at;
    const type = this.#read(input.code());
    if (!isKind(type, "symbol")) throw invalid("the type of a record is no symbol", offset);
    this.#budget.items(2 * count);
    const items: Edn[] = [];
    for (let i = 0; i < count; i++) {
      const begin = input.at;
      const start = this.#budget.position;
      const code = input.code();
      // As it is written here: a pair, which is no level of nesting of its own.
      const entry = code === 0xe6 ? this.#items(2) : itemsOf(this.#read(code));
      const [key, value] = entry;
      if (key === undefined || value === undefined || entry.length > 2) {
        throw invalid("an entry of a record is no pair", begin);
      }
      if (isCostlyKey(key)) this.#budget.identity(start);
      items.push(key, value);
    }
    return record(type.toString(), EdnMap.fromFlat(items));
  }

  /** How many fields the struct of an application has, each of which takes at least a byte. */
  #fieldCount({ fields }: StructType): number {
    const { at, bytes } = this.#in;
    if (fields > bytes.length - at) throw truncated(at);
    return fields;
  }

  #tagged({ tag, handler }: StructType, fields: readonly Edn[]): Edn {
    if (handler === undefined) return new Tagged(tag, fields);
    try {
      return handler(fields);
    } catch (cause) {
      const details = { tag: tag.slice(0, 100) };
      throw invalid("a struct that its handler refuses", this.#in.at, details, cause);
    }
  }

  #numbers(code: number): Edn {
    const count = this.#in.count();
    this.#budget.items(count);
    return readNumbers(code, count, this.#in);
  }
}

/** The items of an entry of a record: a raw list from the JVM, a vector from old ClojureScript. */
function itemsOf(entry: Edn): readonly Edn[] {
  if (Array.isArray(entry)) return entry as readonly Edn[];
  return isKind(entry, "rawList") ? entry.items : [];
}

/** What the definition of a struct says, also of its later uses. */
interface StructType {
  readonly tag: string;
  readonly fields: number;
  /** A code, or a form of `tags.ts`. */
  readonly form: number;
  readonly handler: TagReaders[string] | undefined;
}

/** Stands in where a code is no struct's. */
const NO_STRUCT: StructType = { tag: "", fields: 0, form: 0, handler: undefined };

/** These take one byte, and are shared so that they do not take more than their place here either. */
const ZERO: Edn = double(0);
const ONE: Edn = double(1);

const NO_VALUE = "the last key has no value";
