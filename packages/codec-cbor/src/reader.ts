import { Budget, isCostlyKey, roomFor } from "@datahike-sync/core/codec-cost";
import { exceeded, invalid } from "@datahike-sync/core/codec-failure";
import { decodeText } from "@datahike-sync/core/codec-text";
import {
  bigInteger,
  Double,
  type Edn,
  EdnMap,
  EdnSet,
  type EdnSymbol,
  float,
  isLong,
  type Keyword,
  Tagged,
  Uuid,
} from "@datahike-sync/edn";
import { isIndexFrame } from "./index-frame.ts";
import { BREAK, Input } from "./input.ts";
import type { CborLimits } from "./limits.ts";
import { readOwnObject } from "./own-objects.ts";
import { type Content, readScalar } from "./scalars.ts";
import { StringTable } from "./string-table.ts";
import {
  NAME,
  OBJECT,
  SET,
  SIMPLE,
  STRING_NAMESPACE,
  STRING_REFERENCE,
  UNKNOWN_TAG,
  UUID,
} from "./tags.ts";
import type { TextCache } from "./text-cache.ts";
import type { ObjectName, Vocabulary } from "./vocabulary.ts";

/** Reads the one value of some bytes. Used once. */
export class Reader {
  readonly #in: Input;
  readonly #limits: CborLimits;
  readonly #vocabulary: Vocabulary;
  readonly #budget: Budget;
  #depth = 0;
  /** The strings of the innermost namespace, if there is one around. */
  #strings: StringTable | undefined;

  constructor(bytes: Uint8Array, vocabulary: Vocabulary, limits: CborLimits) {
    if (bytes.length > limits.maxBytes) throw exceeded("maxBytes", limits.maxBytes, 0);
    this.#in = new Input(bytes);
    this.#vocabulary = vocabulary;
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
    if (at < bytes.length && !isIndexFrame(bytes, at)) throw invalid("bytes after the value", at);
    return value;
  }

  #read(): Edn {
    const input = this.#in;
    const head = input.byte();
    switch (head >> 5) {
      case 0:
        return head < 0x18 ? head : this.#integer(input.argument(head));
      case 1:
        return head < 0x38 ? 0x1f - head : this.#negative(input.argument(head));
      case 2:
        return this.#bytes(head);
      case 3:
        return this.#text(head);
      case 4:
        return Object.freeze(this.#items(head, false));
      case 5:
        return this.#map(head);
      case 6:
        return this.#tag(head === 0xd8 ? input.byte() : input.argument(head));
      default:
        return this.#simple(head);
    }
  }

  // Numbers

  #integer(value: number | bigint): Edn {
    if (typeof value === "number" || isLong(value)) return value;
    this.#budget.object(this.#in.at);
    return bigInteger(value);
  }

  /** The integer of which this is what is below -1. */
  #negative(below: number | bigint): Edn {
    const value = typeof below === "number" ? -1 - below : -1n - below;
    if (Number.isSafeInteger(value)) return value;
    return this.#integer(BigInt(value));
  }

  #simple(head: number): Edn {
    const input = this.#in;
    switch (head & 0x1f) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 24: {
        const number = input.byte();
        // RFC 8949 has one form for each simple value.
        if (number < 32) throw invalid("a simple value in two bytes that has one", input.at - 1);
        return this.#unknownSimple(number);
      }
      case 25:
        return this.#float(input.float16());
      case 26:
        return this.#float(input.float32());
      case 27:
        return this.#double(input.float64());
      default:
        if (head === BREAK) throw invalid("the end of nothing", input.at - 1);
        if (head > 0xf8) throw invalid("a head that means nothing", input.at - 1);
        return this.#unknownSimple(head & 0x1f);
    }
  }

  #unknownSimple(number: number): Edn {
    this.#budget.collection(1, this.#in.at);
    return new Tagged(SIMPLE, [number]);
  }

  #float(value: number): Edn {
    this.#budget.object(this.#in.at);
    return float(value);
  }

  #double(value: number): Edn {
    if (!Number.isSafeInteger(value)) return value;
    this.#budget.object(this.#in.at);
    return new Double(value);
  }

  // Strings

  #text(head: number): string {
    const input = this.#in;
    if (head === 0x7f) {
      const joined = this.#joined(0x60);
      return decodeText(joined, 0, joined.length, false);
    }
    const length = input.count(head);
    const text = input.text(length);
    this.#strings?.add(text, length);
    return text;
  }

  #bytes(head: number): Uint8Array {
    const input = this.#in;
    this.#budget.object(input.at);
    if (head === 0x5f) return this.#joined(0x40);
    const bytes = input.copy(input.count(head));
    this.#strings?.add(bytes, bytes.length);
    return bytes;
  }

  /** The chunks of text (0x60) or bytes (0x40), in a new array. */
  #joined(type: 0x40 | 0x60): Uint8Array {
    const input = this.#in;
    const start = input.at;
    let length = 0;
    while (!input.ends()) length += this.#chunk(type).length;
    const end = input.at;
    const joined = new Uint8Array(length);
    input.at = start;
    for (let at = 0; at < length; ) {
      const chunk = this.#chunk(type);
      joined.set(chunk, at);
      at += chunk.length;
    }
    input.at = end;
    return joined;
  }

  #chunk(type: 0x40 | 0x60): Uint8Array {
    const input = this.#in;
    const head = input.byte();
    if ((head & 0xe0) !== type || (head & 0x1f) === OPEN) {
      throw invalid("not the rest of a string", input.at - 1);
    }
    const start = input.skip(input.count(head));
    const chunk = input.bytes.subarray(start, input.at);
    // RFC 8949 does not let chunks cut a character.
    if (type === 0x60 && ((chunk[0] ?? 0) & 0xc0) === 0x80) throw invalid("not UTF-8", start);
    return chunk;
  }

  // Collections. A level of nesting takes room on the stack for every method that it goes through, so there
  // are few.

  /** The items of an array, those of a set told apart. */
  #items(head: number, areKeys: boolean): Edn[] {
    const input = this.#in;
    const isOpen = (head & 0x1f) === OPEN;
    const count = isOpen ? 0 : input.count(head);
    this.#enter(1);
    this.#budget.collection(count, input.at);
    const items = roomFor<Edn>(Math.min(count, MOST_ROOM));
    for (let i = 0; i < count; i++) items[i] = areKeys ? this.#key() : this.#read();
    while (isOpen && !input.ends()) {
      this.#budget.items(1, input.at);
      items.push(areKeys ? this.#key() : this.#read());
    }
    this.#depth--;
    return items;
  }

  #map(head: number): Edn {
    const input = this.#in;
    const start = input.at - 1;
    const isOpen = (head & 0x1f) === OPEN;
    const count = isOpen ? 0 : 2 * input.count(head, 2);
    this.#enter(1);
    this.#budget.collection(count, start);
    const items = roomFor<Edn>(Math.min(count, MOST_ROOM));
    for (let i = 0; i < count; i += 2) {
      items[i] = this.#key();
      items[i + 1] = this.#read();
    }
    while (isOpen && !input.ends()) {
      this.#budget.items(2, input.at);
      items.push(this.#key(), this.#read());
    }
    this.#depth--;
    const entries = items.length / 2;
    const map = EdnMap.fromFlat(items);
    // Who keeps the first and who keeps the last would read different values.
    if (map.size < entries) throw invalid("a key that is twice in a map", start);
    return map;
  }

  #set(): Edn {
    const input = this.#in;
    const start = input.at;
    const head = input.byte();
    if (head >> 5 !== 4) throw invalid("a set that is no array", start);
    const items = this.#items(head, true);
    const set = new EdnSet(items);
    if (set.size < items.length) throw invalid("an item that is twice in a set", start);
    return set;
  }

  /** A key of a map or an item of a set. */
  #key(): Edn {
    const input = this.#in;
    const start = input.at;
    const { repeated } = this.#budget;
    const key = this.#read();
    this.#budget.key(start);
    if (isCostlyKey(key)) {
      this.#budget.costlyKey(input.at - start + this.#budget.repeated - repeated, start);
    }
    return key;
  }

  #enter(levels: number): void {
    this.#depth += levels;
    const { maxDepth } = this.#limits;
    if (this.#depth > maxDepth) throw exceeded("maxDepth", maxDepth, this.#in.at);
  }

  // Tags

  #tag(tag: number | bigint): Edn {
    if (tag === NAME) return this.#name();
    if (tag === OBJECT) return this.#object();
    const input = this.#in;
    if (tag === UUID && this.#strings === undefined && input.peek() === 0x50) return this.#uuid();
    this.#enter(1);
    this.#budget.object(input.at);
    const value = this.#tagged(tag);
    this.#depth--;
    return value;
  }

  #tagged(tag: number | bigint): Edn {
    switch (tag) {
      case SET:
        return this.#set();
      case STRING_REFERENCE:
        return this.#reference();
      case STRING_NAMESPACE:
        return this.#inNamespace();
    }
    const content = this.#content();
    const scalar = readScalar(tag, content, this.#limits.maxIntegerBytes, this.#budget);
    return scalar ?? new Tagged(UNKNOWN_TAG, [this.#integer(tag), content.value]);
  }

  #content(): Content {
    const input = this.#in;
    const budget = this.#budget;
    const [start, repeated] = [input.at, budget.repeated];
    const value = this.#read();
    return { value, start, bytes: input.at - start + budget.repeated - repeated };
  }

  /** A keyword or symbol. */
  #name(): Keyword | EdnSymbol {
    this.#budget.object(this.#in.at);
    return this.#spelled(this.#vocabulary.names);
  }

  #object(): Edn {
    const input = this.#in;
    const start = input.at;
    this.#enter(2);
    this.#budget.collection(1, start);
    const head = input.byte();
    if (head !== 0x82 && head !== 0x9f && (head >> 5 !== 4 || input.argument(head) !== 2)) {
      throw invalid(NO_PAIR, start);
    }
    const name = this.#spelled(this.#vocabulary.objects);
    const value = name.own ? this.#ownObject(name) : this.#read();
    if (head === 0x9f && !input.ends()) throw invalid(NO_PAIR, start);
    this.#depth -= 2;
    return name.own ? value : this.#named(name, Object.freeze([value]));
  }

  #ownObject({ tag }: ObjectName): Edn {
    return readOwnObject(tag, this.#content(), this.#budget);
  }

  #named({ tag, handler }: ObjectName, fields: readonly Edn[]): Edn {
    if (handler === undefined) return new Tagged(tag, fields);
    try {
      return handler(fields);
    } catch (cause) {
      const details = { tag: tag.slice(0, 100) };
      throw invalid("a tagged value that its handler refuses", this.#in.at, details, cause);
    }
  }

  /** What the text that follows stands for. */
  #spelled<T>(texts: TextCache<T>): T {
    const input = this.#in;
    const head = input.peek();
    // In a namespace the text may be a reference, and has a place itself.
    if (this.#strings === undefined && head >= 0x60 && head < 0x7f) {
      input.at++;
      const start = input.skip(head < 0x78 ? head - 0x60 : input.count(head));
      return texts.of(input.bytes, start, input.at);
    }
    // Whatever is there instead may hold such a name itself.
    this.#enter(1);
    const { value, start } = this.#content();
    this.#depth--;
    if (typeof value !== "string") throw invalid("a name that is no text", start);
    return texts.make(value);
  }

  #uuid(): Uuid {
    const input = this.#in;
    input.at++;
    this.#budget.object(input.at);
    return new Uuid(input.word(), input.word(), input.word(), input.word());
  }

  #reference(): Edn {
    const input = this.#in;
    const start = input.at;
    const head = input.byte();
    if (head >> 5 !== 0) throw invalid("a reference that is no place", start);
    const place = input.argument(head);
    if (this.#strings === undefined) throw invalid("a reference outside of a namespace", start);
    const string = this.#strings.at(place, start);
    this.#budget.repeat(string.length, start);
    return typeof string === "string" ? string : new Uint8Array(string);
  }

  #inNamespace(): Edn {
    const outer = this.#strings;
    this.#strings = new StringTable();
    const value = this.#read();
    this.#strings = outer;
    return value;
  }
}

/** In a head, that what follows is as long as it is: up to a {@link BREAK}. */
const OPEN = 0x1f;

/** Items that there is room made for before they come. A thousand levels may each announce millions. */
const MOST_ROOM = 4096;

const NO_PAIR = "an object that is not a name and one value";
