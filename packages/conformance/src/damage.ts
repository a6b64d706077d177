/** What becomes of bytes on their way to somebody who should not trust them. */
import fc from "fast-check";

/** One change of bytes: at this place, `remove` of them give way to `insert`. */
export interface Edit {
  readonly place: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const PLACE = fc.nat();
const INSERT = fc.uint8Array({ maxLength: 4 });

/** A few changes, of any bytes. */
export const EDITS: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    fc.record({ place: PLACE, remove: fc.nat({ max: 4 }), insert: INSERT }),
    // What keeps the length gets further into a reader.
    fc.tuple(PLACE, INSERT).map(([place, insert]) => ({ place, remove: insert.length, insert })),
  ),
  { minLength: 1, maxLength: 4 },
);

/** The bytes with these changes, in an array of their own. */
export function edited(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const items = Array.from(bytes);
  for (const { place, remove, insert } of edits) {
    items.splice(place % (items.length + 1), remove, ...insert);
  }
  return Uint8Array.from(items);
}
