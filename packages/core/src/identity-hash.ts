/** Keys as numbers: for sets of many keys, where a stranger may now and then be taken for a member. */

/**
 * 52 bits of a hash of a key's identity. Two keys have the same number about once in 4 * 10^15 pairs, so
 * what a set of these says that it lacks, it lacks; what it says that it has, it has nearly always.
 */
export function identityHash(id: string): number {
  let a = 0x811c9dc5 | 0;
  let b = 0x9747b28c | 0;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0xcc9e2d51);
  }
  // Multiplying only carries upwards: the high bits are brought down before they are cut off.
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 15) ^ a, 0xc2b2ae35);
  return ((a ^ (a >>> 13)) >>> 12) * 2 ** 32 + ((b ^ (b >>> 16)) >>> 0);
}
