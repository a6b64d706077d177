/** @packageDocumentation Random EDN values for property tests with fast-check, which you pass in. */
import type * as FastCheck from "fast-check";
import { char } from "./char.ts";
import { type Kind, kindOf } from "./kind.ts";
import { EdnList, RawList } from "./list.ts";
import { EdnMap } from "./map.ts";
import { keyword, splitName, symbol } from "./name.ts";
import { bigInteger, decimal, double, float, long, ratio } from "./number.ts";
import { numberArray } from "./number-array.ts";
import { EdnSet } from "./set.ts";
import { record, regex, Tagged, uri } from "./tagged.ts";
import { Uuid } from "./uuid.ts";
import type { Edn } from "./value.ts";

/** fast-check as you import it. */
export type Fc = Omit<typeof FastCheck, "default">;

export interface EdnArbitraryOptions {
  /** Kinds to leave out. Extensions are never made. */
  readonly without?: readonly Kind[] | undefined;
  /**
   * Only what every byte format can carry: no lone surrogates, names that are found again in their
   * text, tags and types without blanks, tagged values of one field. Default false.
   */
  readonly portable?: boolean | undefined;
  /** How deep collections nest. Default 3. */
  readonly maxDepth?: number | undefined;
  /** The most items of one collection, bytes, or characters. Default 6. */
  readonly maxLength?: number | undefined;
}

/**
 * EDN values of all kinds, made of what breaks programs: boundaries of integers, NaN and -0, text of
 * `a b / : ! NUL ÿ Ā U+FFFF 😀` and lone surrogates, collections as keys. Dates are valid.
 */
export function ednArbitrary(fc: Fc, options: EdnArbitraryOptions = {}): FastCheck.Arbitrary<Edn> {
  return new Maker(fc, options).value(options.maxDepth ?? 3);
}

/**
 * Keys as stores have them: keywords, UUIDs, strings, longs, symbols, and vectors of them. They come
 * from a short alphabet, so that the same one comes often.
 */
export function keyArbitrary(fc: Fc, options: EdnArbitraryOptions = {}): FastCheck.Arbitrary<Edn> {
  return new Maker(fc, options).key();
}

type Arbitrary = FastCheck.Arbitrary<Edn>;
type ScalarKind = Exclude<Kind, CollectionKind | "extension">;
type CollectionKind = "vector" | "list" | "rawList" | "map" | "set" | "record" | "tagged";

const UNITS = ["a", "b", "/", ":", "!", "\0", "ÿ", "Ā", "\uffff", "😀", " ", '"', "\\", "\n", "1"];
const LONE_SURROGATES = ["\ud83d", "\ude00"];

const LONGS: readonly bigint[] = [
  0n,
  1n,
  23n,
  24n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  4095n,
  4096n,
  65535n,
  65536n,
  ...[19n, 25n, 31n, 32n, 33n, 41n, 49n, 53n, 62n, 63n].flatMap((bits) => [
    2n ** bits - 1n,
    2n ** bits,
  ]),
].flatMap((value) => [value, -value, -value - 1n]);

const DOUBLES = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.5,
  1e-3,
  1e7,
  9999999.5,
  2 ** 53,
  -(2 ** 53) - 2,
  1e21,
  5e-324,
  1e-323,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];

const FLOATS = [0, -0, 1, 0.1, 1e10, 1.4e-45, 3.4028234663852886e38, 2 ** -96, Number.NaN];

class Maker {
  readonly #fc: Fc;
  readonly #maxLength: number;
  readonly #portable: boolean;
  readonly #without: ReadonlySet<Kind>;

  constructor(fc: Fc, { without = [], portable = false, maxLength = 6 }: EdnArbitraryOptions) {
    this.#fc = fc;
    this.#maxLength = maxLength;
    this.#portable = portable;
    this.#without = new Set(without);
  }

  key(): Arbitrary {
    const kinds: ScalarKind[] = ["keyword", "uuid", "string", "long", "symbol"];
    const scalar = this.#oneOf(this.#pick(this.#scalars(), kinds));
    if (this.#without.has("vector")) return scalar;
    const vector = this.#fc.array(scalar, { maxLength: 3 }).map((items) => Object.freeze(items));
    return this.#fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: vector });
  }

  value(depth: number): Arbitrary {
    const scalars = this.#scalars();
    const scalar = this.#oneOf(this.#pick(scalars, Object.keys(scalars) as ScalarKind[]));
    if (depth === 0) return scalar;
    const collections = this.#collections(this.value(depth - 1));
    const kept = this.#pick(collections, Object.keys(collections) as CollectionKind[]);
    if (kept.length === 0) return scalar;
    return this.#fc.oneof(
      { weight: 2, arbitrary: scalar },
      { weight: 1, arbitrary: this.#oneOf(kept) },
    );
  }

  #pick<K extends Kind>(all: Readonly<Record<K, Arbitrary>>, kinds: readonly K[]): Arbitrary[] {
    return kinds.filter((kind) => !this.#without.has(kind)).map((kind) => all[kind]);
  }

  #oneOf(choices: readonly Arbitrary[]): Arbitrary {
    return this.#fc.oneof(...choices);
  }

  #scalars(): Record<ScalarKind, Arbitrary> {
    const fc = this.#fc;
    const name = this.#name();
    const text = this.#text();
    return {
      nil: fc.constant(null),
      boolean: fc.boolean(),
      long: this.#long(),
      string: text,
      inst: fc.date({ noInvalidDate: true }),
      bytes: fc.uint8Array({ maxLength: this.#maxLength }),
      keyword: name.map(([namespace, rest]) => keyword(namespace, rest)),
      symbol: name.map(([namespace, rest]) => symbol(namespace, rest)),
      uuid: this.#uuid(),
      char: this.#char(),
      ratio: fc
        .tuple(fc.bigInt(), fc.bigInt({ min: 2n }))
        .map(([numerator, denominator]) => ratio(numerator, denominator))
        .filter((value) => kindOf(value) === "ratio"),
      decimal: this.#decimal(),
      double: this.#double().map(double),
      float: this.#float().map(float),
      bigInteger: fc.oneof(fc.bigInt(), fc.constantFrom(...LONGS)).map(bigInteger),
      uri: text.map(uri),
      regex: text.map(regex),
      numberArray: this.#numberArray(),
    };
  }

  #collections(item: Arbitrary): Record<CollectionKind, Arbitrary> {
    const fc = this.#fc;
    const items = fc.array(item, { maxLength: this.#maxLength });
    const map = fc
      .array(fc.tuple(item, item), { maxLength: this.#maxLength })
      .map((entries) => new EdnMap(entries));
    const tag = this.#portable ? fc.constantFrom("my/tag", "my.ns.Thing") : this.#text();
    const fields = this.#portable ? fc.tuple(item) : items;
    return {
      vector: items.map((array) => Object.freeze(array)),
      list: items.map((array) => new EdnList(array)),
      rawList: items.map((array) => new RawList(array)),
      map,
      set: items.map((array) => new EdnSet(array)),
      record: fc.tuple(tag, map).map(([type, entries]) => record(type, entries)),
      tagged: fc.tuple(tag, fields).map(([name, values]) => new Tagged(name, values)),
    };
  }

  #text(): FastCheck.Arbitrary<string> {
    const units = this.#portable ? UNITS : [...UNITS, ...LONE_SURROGATES];
    return this.#fc.string({ unit: this.#fc.constantFrom(...units), maxLength: this.#maxLength });
  }

  #name(): FastCheck.Arbitrary<[namespace: string | null, name: string]> {
    const fc = this.#fc;
    const plain = fc.constantFrom("a", "b", "ab", "Ā", "a.b-c", "*x*", "+");
    const pair = (part: FastCheck.Arbitrary<string>) => fc.tuple(fc.option(part), part);
    if (this.#portable) return pair(plain);
    return fc.oneof(pair(plain), pair(this.#text()), this.#text().map(splitName));
  }

  #long(): Arbitrary {
    const fc = this.#fc;
    const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const near = fc
      .constantFrom(...LONGS)
      .filter((value) => value >= -(2n ** 63n) && value < 2n ** 63n);
    return fc.oneof(fc.maxSafeInteger(), any.map(long), near.map(long));
  }

  #uuid(): Arbitrary {
    const word = this.#fc.oneof(
      this.#fc.constantFrom(0, -1, 0x7fffffff, -0x80000000),
      this.#fc.integer(),
    );
    return this.#fc.tuple(word, word, word, word).map((words) => new Uuid(...words));
  }

  #char(): Arbitrary {
    const fc = this.#fc;
    const code = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }));
    const isSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xe000;
    return code.filter((unit) => !this.#portable || !isSurrogate(unit)).map(char);
  }

  #decimal(): Arbitrary {
    const fc = this.#fc;
    const scale = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.constantFrom(2 ** 31 - 1, -(2 ** 31)),
    );
    return fc.tuple(fc.bigInt(), scale).map(([unscaled, places]) => decimal(unscaled, places));
  }

  #double(): FastCheck.Arbitrary<number> {
    return this.#fc.oneof(this.#fc.double(), this.#fc.constantFrom(...DOUBLES));
  }

  #float(): FastCheck.Arbitrary<number> {
    return this.#fc.oneof(this.#fc.float(), this.#fc.constantFrom(...FLOATS));
  }

  #numberArray(): Arbitrary {
    const fc = this.#fc;
    const size = { maxLength: this.#maxLength };
    return fc.oneof(
      fc.int16Array(size).map((items) => numberArray("short", items)),
      fc.int32Array(size).map((items) => numberArray("int", items)),
      fc.bigInt64Array(size).map((items) => numberArray("long", items)),
      fc.array(this.#float(), size).map((items) => numberArray("float", Float32Array.from(items))),
      fc
        .array(this.#double(), size)
        .map((items) => numberArray("double", Float64Array.from(items))),
      fc.array(fc.boolean(), size).map((items) => numberArray("boolean", items)),
      fc.array(this.#long(), size).map((items) => numberArray("object", items)),
    );
  }
}
