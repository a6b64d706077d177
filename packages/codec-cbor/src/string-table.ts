import { invalid } from "@datahike-sync/core/codec-failure";

/**
 * The strings of a namespace (tag 256) that references (tag 25) may mention: each that is long enough
 * for a reference to its place to be shorter. Writer and reader must judge alike, or all later places
 * are those of other strings.
 */
export class StringTable {
  readonly #strings: (string | Uint8Array)[] = [];

  /** Takes note of a string or byte array that takes so many bytes without its head. */
  add(string: string | Uint8Array, size: number): void {
    if (size >= worth(this.#strings.length)) this.#strings.push(string);
  }

  at(place: number | bigint, offset: number): string | Uint8Array {
    const string = typeof place === "number" ? this.#strings[place] : undefined;
    if (string === undefined) throw invalid("a reference to a string that was not there", offset);
    return string;
  }
}

/** How many bytes a string must have so that a reference to this place is worth it. */
function worth(place: number): number {
  if (place < 24) return 3;
  if (place < 0x100) return 4;
  if (place < 0x1_0000) return 5;
  return place < 2 ** 32 ? 7 : 11;
}
