/**
 * A writer of LZ4 blocks: four bytes are looked up where they were seen last, and what follows there is
 * repeated. Up to 64 KiB its blocks are those of the reference implementation, which the JVM's calls.
 */

/** A block that expands to `bytes`, or `undefined` where that would not be shorter. */
export function compressBlock(bytes: Uint8Array): Uint8Array | undefined {
  const output = new BlockOutput(bytes);
  // The last place where a match may begin.
  const last = bytes.length - MATCH_FREE_TAIL;
  if (last < 1) return undefined;
  const finder = new Finder(bytes);
  finder.note(0);
  let found = finder.next(1, last);
  while (found !== undefined) {
    let { at, match } = found;
    // What lies before both may be equal too.
    while (at > output.anchor && match > 0 && bytes[at - 1] === bytes[match - 1]) {
      at--;
      match--;
    }
    for (let again: number | undefined = match; again !== undefined; ) {
      const end = bytes.length - LAST_LITERALS;
      const length = MIN_MATCH + sameLength(bytes, at + MIN_MATCH, again + MIN_MATCH, end);
      output.sequence(at, at - again, length);
      at += length;
      if (at > last) return output.end();
      finder.note(at - 2);
      again = finder.swap(at);
    }
    found = finder.next(at + 1, last);
  }
  return output.end();
}

const MIN_MATCH = 4;
/** The format wants so many literals at the end, */
const LAST_LITERALS = 5;
/** and no match that begins closer to it than this. */
const MATCH_FREE_TAIL = 12;
const MAX_DISTANCE = 65_535;
/** Below this every distance can be written, and places take half the room in a table. */
const SHORT_BYTES = 65_536 + MATCH_FREE_TAIL - 1;
/** After so many misses in a row every second place is looked at, after as many more every third. */
const PATIENCE_BITS = 6;

/** Where four bytes were seen last, by their hash. */
class Finder {
  readonly #bytes: Uint8Array;
  readonly #seen: Int32Array;
  readonly #shift: number;

  constructor(bytes: Uint8Array) {
    const hashBits = bytes.length < SHORT_BYTES ? 13 : 12;
    this.#bytes = bytes;
    this.#seen = new Int32Array(1 << hashBits);
    this.#shift = 32 - hashBits;
  }

  note(at: number): void {
    this.#seen[this.#hash(at)] = at;
  }

  /** Where the four bytes at a place were seen before, if they were; from now on here. */
  swap(at: number): number | undefined {
    const hash = this.#hash(at);
    const match = this.#seen[hash] ?? 0;
    this.#seen[hash] = at;
    return at - match <= MAX_DISTANCE && this.#word(match) === this.#word(at) ? match : undefined;
  }

  /** The next place whose four bytes were seen before. */
  next(from: number, last: number): { readonly at: number; readonly match: number } | undefined {
    let misses = 1 << PATIENCE_BITS;
    let step = 1;
    for (let at = from; at + step <= last + 1; step = misses++ >> PATIENCE_BITS) {
      const match = this.swap(at);
      if (match !== undefined) return { at, match };
      at += step;
    }
    return undefined;
  }

  #hash(at: number): number {
    return Math.imul(this.#word(at), 2_654_435_761) >>> this.#shift;
  }

  #word(at: number): number {
    const bytes = this.#bytes;
    return (
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    );
  }
}

/** Literals and matches, written one behind the other. */
class BlockOutput {
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  #length = 0;
  /** Everything before it is written. */
  anchor = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
    // The longest block there is has literals only.
    this.#output = new Uint8Array(input.length + Math.ceil(input.length / 255) + 16);
  }

  /** The literals up to `at`, and the match there. */
  sequence(at: number, distance: number, length: number): void {
    const rest = length - MIN_MATCH;
    this.#literals(at, Math.min(rest, 15));
    this.#byte(distance & 0xff);
    this.#byte(distance >> 8);
    this.#run(rest);
    this.anchor = at + length;
  }

  /** The block with the literals that are left, if it is shorter than what it expands to. */
  end(): Uint8Array | undefined {
    this.#literals(this.#input.length, 0);
    return this.#length < this.#input.length ? this.#output.subarray(0, this.#length) : undefined;
  }

  #literals(end: number, match: number): void {
    const count = end - this.anchor;
    this.#byte((Math.min(count, 15) << 4) | match);
    this.#run(count);
    this.#output.set(this.#input.subarray(this.anchor, end), this.#length);
    this.#length += count;
  }

  /** What of a count the token has no room for. */
  #run(count: number): void {
    if (count < 15) return;
    let rest = count - 15;
    for (; rest >= 255; rest -= 255) this.#byte(255);
    this.#byte(rest);
  }

  #byte(byte: number): void {
    this.#output[this.#length++] = byte;
  }
}

/** How many bytes from `a` and from `b` on are the same, up to `end` for `a`. */
function sameLength(bytes: Uint8Array, a: number, b: number, end: number): number {
  let at = a;
  for (let other = b; at < end && bytes[at] === bytes[other]; other++) at++;
  return at - a;
}
