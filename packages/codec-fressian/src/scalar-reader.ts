import { exceeded, invalid } from "@datahike-sync/core/codec-failure";
import {
  bigInteger,
  char,
  decimal,
  type Edn,
  fromTwosComplement,
  type Keyword,
  keyword,
  ratio,
  regex,
  symbol,
  Uuid,
  uri,
  uuid,
} from "@datahike-sync/edn";
import type { Budget } from "./budget.ts";
import type { Input } from "./input.ts";
import type { PriorityCache } from "./priority-cache.ts";
import { BYTE, CHAR, RATIO } from "./tags.ts";

/** Reads objects that hold no others. Their parts are integers, strings and byte arrays. */
export class ScalarReader {
  readonly #in: Input;
  readonly #budget: Budget;
  readonly #cache: PriorityCache;
  readonly #maxIntegerBytes: number;

  constructor(input: Input, budget: Budget, cache: PriorityCache, maxIntegerBytes: number) {
    this.#in = input;
    this.#budget = budget;
    this.#cache = cache;
    this.#maxIntegerBytes = maxIntegerBytes;
  }

  /** The object of a code, or of a form of `tags.ts`. */
  read(form: number): Edn {
    if (form === 0xca) return this.#keyword();
    this.#budget.object();
    switch (form) {
      case 0xc3:
        return this.#uuid();
      case 0xc4:
        return regex(this.string());
      case 0xc5:
        return uri(this.string());
      case 0xc6:
        return bigInteger(this.#integer());
      case 0xc7:
        return this.#decimal();
      case 0xc8:
        return this.#inst();
      case 0xc9:
        return symbol(this.#namespace(), this.string());
      case RATIO:
        return this.#ratio();
      case CHAR:
        return this.#char();
      case BYTE:
        return this.#int();
      default:
        throw invalid(REFUSED.get(form) ?? "unassigned code", this.#in.at - 1, { code: form });
    }
  }

  /** A string, possibly cached. */
  string(): string {
    return this.#stringOf(this.#in.code());
  }

  #keyword(): Keyword {
    const namespace = this.#namespace();
    const offset = this.#in.at;
    const code = this.#in.code();
    const entry = this.#cache.recall(code);
    if (entry === undefined) return this.#intern(namespace, this.#stringOf(code));
    // Most names come with one namespace, and to look for the keyword takes longer than this.
    if (entry.keyword !== undefined && entry.namespace === namespace) return entry.keyword;
    if (typeof entry.value !== "string") throw invalid("not a string", offset);
    entry.namespace = namespace;
    return (entry.keyword = this.#intern(namespace, entry.value));
  }

  #intern(namespace: string | null, name: string): Keyword {
    this.#budget.object();
    return keyword(namespace, name);
  }

  #uuid(): Uuid {
    const input = this.#in;
    const offset = input.at;
    if (input.bytes[offset] === 0xd9 && input.bytes[offset + 1] === 16) {
      input.at = offset + 2;
      return new Uuid(input.word(), input.word(), input.word(), input.word());
    }
    const bytes = this.#bytes();
    if (bytes.length !== 16) throw invalid("a UUID without 16 bytes", offset);
    return uuid(bytes);
  }

  #decimal(): Edn {
    const unscaled = this.#integer();
    const offset = this.#in.at;
    const scale = Number(this.#int());
    if ((scale | 0) !== scale) throw invalid("a scale beyond 32 bits", offset);
    return decimal(unscaled, scale);
  }

  #inst(): Date {
    const offset = this.#in.at;
    const date = new Date(Number(this.#int()));
    if (Number.isNaN(date.getTime())) throw invalid("an instant beyond those of Date", offset);
    return date;
  }

  #ratio(): Edn {
    const start = this.#in.at;
    const numerator = this.#bigInteger();
    const middle = this.#in.at;
    const denominator = this.#bigInteger();
    if (denominator === 0n) throw invalid("a ratio over 0", middle);
    // The time to reduce a ratio grows with the product of the lengths.
    this.#budget.spend((middle - start) * (this.#in.at - middle));
    return ratio(numerator, denominator);
  }

  #char(): Edn {
    const offset = this.#in.at;
    const code = Number(this.#int());
    if (code < 0 || code > 0xffff) throw invalid("not a UTF-16 unit", offset);
    return char(code);
  }

  #int(): number | bigint {
    const offset = this.#in.at;
    const value = this.#in.int(this.#in.code());
    if (value === undefined) throw invalid("not an integer", offset);
    return value;
  }

  #bigInteger(): bigint {
    const offset = this.#in.at;
    if (this.#in.code() !== 0xc6) throw invalid("not a big integer", offset);
    return this.#integer();
  }

  #integer(): bigint {
    const offset = this.#in.at;
    const bytes = this.#bytes();
    const max = this.#maxIntegerBytes;
    if (bytes.length > max) throw exceeded("maxIntegerBytes", max, offset);
    return fromTwosComplement(bytes);
  }

  #namespace(): string | null {
    const code = this.#in.code();
    return code === 0xf7 ? null : this.#stringOf(code);
  }

  #stringOf(code: number): string {
    const offset = this.#in.at - 1;
    const value = this.#part(code);
    if (typeof value !== "string") throw invalid("not a string", offset);
    return value;
  }

  #bytes(): Uint8Array {
    const offset = this.#in.at;
    const value = this.#part(this.#in.code());
    if (!(value instanceof Uint8Array)) throw invalid("not a byte array", offset);
    return value;
  }

  /** A string or byte array, possibly cached. Anything else would be nesting that nobody counts. */
  #part(code: number): Edn {
    const input = this.#in;
    if (code === 0xcd) {
      const entry = this.#cache.begin();
      return this.#cache.end(entry, this.#plainPart(input.code()));
    }
    return this.#cache.recall(code)?.value ?? this.#plainPart(code);
  }

  #plainPart(code: number): string | Uint8Array {
    if (code >= 0xda && code <= 0xe3) return this.#in.text(code);
    if (code < 0xd0 || code > 0xe3) {
      throw invalid("neither text nor bytes", this.#in.at - 1, { code });
    }
    return this.#in.byteArray(code);
  }
}

/** Codes that mean something to somebody, but not here. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0xbf, "text in UTF-8, which only ClojureScript's fress writes and the JVM cannot read"],
  [0xce, "a precached object, which no writer has"],
  [0xf1, "metadata, which this stack does not write"],
  [0xf4, "an object of any kind, which this stack does not write"],
  [0xfd, "the end of a list that did not begin"],
]);
