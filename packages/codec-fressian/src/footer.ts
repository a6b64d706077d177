/** Footers: what a writer may put behind some objects, so that a reader can check them. */

import { invalid } from "@datahike-sync/core/codec-failure";
import type { Input } from "./input.ts";

/**
 * Checks the footer of which the first byte was just read, and moves on behind it: four times that
 * byte, the length of what is before, and a checksum.
 *
 * @param start Where the bytes begin that it is the footer of.
 */
export function readFooter(input: Input, start: number): void {
  const begin = input.at - 1;
  input.at = begin;
  if (input.word() !== MAGIC) throw invalid("not a footer", begin);
  if (input.word() >>> 0 !== begin - start) throw invalid("a footer of another length", begin);
  // The sum is taken of the footer too, as far as the sum itself.
  const sum = adler32(input.bytes, start, input.at);
  if (input.word() >>> 0 !== sum) throw invalid("a footer with another checksum", begin);
}

/** The Adler-32 checksum of the bytes from `start` up to `end`, unsigned. */
function adler32(bytes: Uint8Array, start: number, end: number): number {
  let a = 1;
  let b = 0;
  for (let at = start; at < end; ) {
    const pause = Math.min(end, at + SAFE_RUN);
    for (; at < pause; at++) {
      a += bytes[at] ?? 0;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}

/** How many bytes cannot carry the sums beyond 31 bits, where engines add quickest. */
const SAFE_RUN = 3800;

const MAGIC = 0xcfcf_cfcf | 0;
