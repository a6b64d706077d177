/** Rows of a store in memory: the objects themselves. Nothing is encoded that did not come so. */
import { type Edn, equals, print, snapshot } from "@datahike-sync/edn";
import { binary, type Codec, type Encoded, encoded, isEncoded } from "../codec.ts";
import type { Era, Standing } from "../feed.ts";
import { sameBytes } from "../same-bytes.ts";
import type { EntryMeta } from "../store.ts";
import { type Cell, type Header, type Kept, type Mark, type RowFormat } from "./row-format.ts";

/** A row that only `openStore` looks into. A driver keeps it and gives it back. */
export type ObjectRow = Header | Cell | Mark | Standing | readonly Era[] | Uint8Array;

// A row is what its key says that it is, because nobody else writes rows: hence the assertions.
export class ObjectRows implements RowFormat<ObjectRow> {
  readonly maxHere: number = Number.POSITIVE_INFINITY;
  readonly hasFeed: boolean;
  readonly #codec: Codec | undefined;

  constructor(codec: Codec | undefined, hasFeed: boolean) {
    this.#codec = codec;
    this.hasFeed = hasFeed;
  }

  keep(value: Edn | Encoded, type: EntryMeta["type"]): Kept {
    if (type === "binary") return keptBytes(value);
    if (!isEncoded(value)) return snapshot(value);
    if (value.codec === "binary") throw notTyped();
    return value;
  }

  give(value: Kept): Edn {
    return snapshot(isEncoded(value) ? value.decode() : value);
  }

  share(value: Kept): Kept {
    return isEncoded(value) ? value : snapshot(value);
  }

  encode(value: Kept): Encoded {
    if (isEncoded(value)) return value;
    if (this.#codec !== undefined) return encoded(this.#codec, this.#codec.encode(value));
    throw new TypeError(
      "this value did not come encoded, and the store was opened without a codec",
    );
  }

  same(a: Kept, b: Kept): boolean {
    if (a === b) return true;
    if (isEncoded(a) || isEncoded(b)) {
      return isEncoded(a) && isEncoded(b) && a.codec === b.codec && sameBytes(a.bytes, b.bytes);
    }
    // A list and a vector are equal, but whoever writes the one wants it to be that. Their texts differ.
    return equals(a, b) && (typeof a !== "object" || print(a) === print(b));
  }

  header(header: Header): ObjectRow {
    return header;
  }

  readHeader(row: ObjectRow): Header {
    return row as Header;
  }

  eras(eras: readonly Era[]): ObjectRow {
    return eras;
  }

  readEras(row: ObjectRow): readonly Era[] {
    return row as readonly Era[];
  }

  cell(cell: Cell): ObjectRow {
    return cell;
  }

  readCell(row: ObjectRow): Cell {
    return row as Cell;
  }

  value(): ObjectRow {
    throw new TypeError("every value is kept in its entry's row");
  }

  readValue(): Kept {
    throw new TypeError("every value is kept in its entry's row");
  }

  mark(mark: Mark): ObjectRow {
    return mark;
  }

  readMark(row: ObjectRow): Mark {
    return row as Mark;
  }

  standing(standing: Standing): ObjectRow {
    return copied(standing);
  }

  readStanding(row: ObjectRow): Standing {
    return copied(row as Standing);
  }

  record(record: Uint8Array): ObjectRow {
    return new Uint8Array(record);
  }

  readRecord(row: ObjectRow): Uint8Array {
    return new Uint8Array(row as Uint8Array);
  }
}

/** What is kept of a value of type `"binary"`. */
export function keptBytes(value: Edn | Encoded): Encoded {
  if (value instanceof Uint8Array) return binary(new Uint8Array(value));
  if (isEncoded(value) && value.codec === "binary") return value;
  throw new TypeError('a value of type "binary" is a Uint8Array');
}

/** The error that bytes of no codec were set as an EDN value. */
export function notTyped(): TypeError {
  return new TypeError('binary bytes are set with type "binary"');
}

function copied({ revision, cursor, selection, tokens, position, doomed }: Standing): Standing {
  return Object.freeze({
    revision,
    ...(cursor !== undefined && { cursor: Object.freeze({ ...cursor }) }),
    ...(selection !== undefined && { selection }),
    ...(tokens !== undefined && { tokens: snapshot(tokens) }),
    ...(position !== undefined && { position: snapshot(position) }),
    ...(doomed !== undefined && { doomed }),
  });
}
