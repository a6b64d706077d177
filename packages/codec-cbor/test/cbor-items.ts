/** Bytes of CBOR that the tests take apart: definite lengths only, as the JVM and our writer have them. */

/** A data item, with what it holds: the items of an array or map, the content of a tag. */
export interface Item {
  readonly major: number;
  /** The argument of the head: a count, a length, a tag or a number. */
  readonly argument: number;
  /** The bytes of the head. */
  readonly head: Uint8Array;
  /** What follows the head of a string. */
  readonly string: Uint8Array;
  readonly items: readonly Item[];
}

/** The item that all bytes are. */
export function parseItem(bytes: Uint8Array): Item {
  const [item, end] = parseAt(bytes, 0);
  if (end !== bytes.length) throw new Error("bytes after the item");
  return item;
}

/** The bytes of an item, with others in the place of those that `replace` gives some for. */
export function formatItem(
  item: Item,
  replace: (item: Item) => Uint8Array | undefined = () => undefined,
): Uint8Array {
  return (
    replace(item) ??
    joined([item.head, item.string, ...item.items.map((inner) => formatItem(inner, replace))])
  );
}

/** A head of this major type with this argument, in the fewest bytes. */
export function head(major: number, argument: number): Uint8Array {
  const type = major << 5;
  if (argument < 24) return Uint8Array.of(type | argument);
  if (argument < 0x100) return Uint8Array.of(type | 24, argument);
  if (argument < 0x1_0000) return Uint8Array.of(type | 25, argument >> 8, argument);
  return Uint8Array.of(type | 26, argument >> 24, argument >> 16, argument >> 8, argument);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const NOTHING: Uint8Array = new Uint8Array(0);

function parseAt(bytes: Uint8Array, start: number): [item: Item, end: number] {
  const first = bytes[start] ?? 0;
  const [major, info] = [first >> 5, first & 0x1f];
  const size = info < 24 ? 0 : 1 << (info - 24);
  let argument = info;
  let end = start + 1 + size;
  if (size > 0)
    argument = bytes.subarray(start + 1, end).reduce((sum, byte) => sum * 256 + byte, 0);
  const itemHead = bytes.subarray(start, end);
  let string = NOTHING;
  if (major === 2 || major === 3) {
    string = bytes.subarray(end, end + argument);
    end += argument;
  }
  const count = major === 4 ? argument : major === 5 ? 2 * argument : major === 6 ? 1 : 0;
  const items: Item[] = [];
  for (let i = 0; i < count; i++) {
    const [item, next] = parseAt(bytes, end);
    items.push(item);
    end = next;
  }
  return [{ major, argument, head: itemHead, string, items }, end];
}
