/**
 * The index that konserve's CBOR serializer puts behind a large value: where in its bytes each part
 * begins. Whoever reads the whole value needs none of it.
 */

/** Whether all bytes from `start` on are the index of a value that ends there. */
export function isIndexFrame(bytes: Uint8Array, start: number): boolean {
  const trailer = bytes.length - TRAILER_BYTES;
  if (trailer < start + HEAD.length || bytes[trailer] !== 0x48) return false;
  for (let i = 0; i < HEAD.length; i++) if (bytes[start + i] !== HEAD[i]) return false;
  // It ends with the length of the value, by which it is found from the end.
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getBigUint64(trailer + 1) === BigInt(start);
}

/** A tagged value with the name `boring/index`. */
const HEAD: readonly number[] = [
  0xd8, 0x1b, 0x82, 0x6c, 0x62, 0x6f, 0x72, 0x69, 0x6e, 0x67, 0x2f, 0x69, 0x6e, 0x64, 0x65, 0x78,
];

const TRAILER_BYTES = 9;
