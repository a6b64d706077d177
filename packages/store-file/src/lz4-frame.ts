/**
 * LZ4 frames. The reader is hardened: what a frame expands to is counted before any of it is made, so
 * memory is bounded by what is really in the bytes and by the caller's limit.
 */
import { SyncError } from "@datahike-sync/edn";
import { compressBlock } from "./lz4-block.ts";
import { xxhash32 } from "./xxhash32.ts";

/**
 * The contents of a frame, which takes all of `bytes`. A frame may lack its end mark: konserve wrote
 * none before 2026.
 *
 * @throws {SyncError} `CODEC_TRUNCATED`, `CODEC_INVALID`, `CODEC_UNSUPPORTED` (a dictionary), each with
 * `details.offset`; `CODEC_LIMIT` when the contents are longer than `maxValueBytes`.
 */
export function readLz4Frame(bytes: Uint8Array, maxValueBytes: number): Uint8Array {
  const input = new Input(bytes);
  const descriptor = readDescriptor(input);
  const start = input.at;
  let total = 0;
  for (let block = readBlock(input, descriptor); block; block = readBlock(input, descriptor)) {
    total += block.length;
    if (total <= maxValueBytes) continue;
    throw new SyncError("CODEC_LIMIT", "beyond the limit maxValueBytes", {
      details: { limit: "maxValueBytes", max: maxValueBytes, offset: block.start },
    });
  }
  if (descriptor.contentBytes !== undefined && descriptor.contentBytes !== BigInt(total)) {
    throw invalid("the contents are not as long as the frame says", input.at);
  }
  const output = new Uint8Array(total);
  let at = 0;
  // Read again and not kept: a list of blocks can be much longer than the bytes that make it.
  input.at = start;
  for (let block = readBlock(input, descriptor); block; block = readBlock(input, descriptor)) {
    if (block.compressed) expand(bytes, block, output, at, descriptor.linked ? 0 : at);
    else output.set(bytes.subarray(block.start, block.end), at);
    at += block.length;
  }
  if (!input.marked) return output;
  if (descriptor.contentChecksum && input.uint32() !== xxhash32(output)) {
    throw invalid("the contents do not match their checksum", input.at - 4);
  }
  if (!input.ended) throw invalid("bytes follow the frame", input.at);
  return output;
}

/** A frame with these contents, of the form that konserve writes: independent blocks, no checksums. */
export function writeLz4Frame(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [FRAME_START];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const contents = bytes.subarray(at, at + BLOCK_BYTES);
    const block = compressBlock(contents);
    const size = block?.length ?? contents.length + RAW_BLOCK;
    parts.push(uint32Bytes(size), block ?? contents);
  }
  parts.push(uint32Bytes(0));
  return concatenated(parts);
}

interface Descriptor {
  /** Whether a block may repeat bytes of blocks before it. */
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentBytes: bigint | undefined;
  readonly maxBlockBytes: number;
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly compressed: boolean;
  /** Of what the block expands to. */
  readonly length: number;
}

const MAGIC = 0x184d2204;
/** The high bit of a block's size says that it was not worth compressing. */
const RAW_BLOCK = 0x80000000;
/** Magic number, version 1 with independent blocks, blocks of up to 4 MiB, the checksum of these two. */
const FRAME_START: Uint8Array = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73);
const BLOCK_BYTES = 4 * 2 ** 20;
const MIN_MATCH = 4;
/** Copying bytes one by one is quicker up to here. */
const LONG_RUN = 64;

function readDescriptor(input: Input): Descriptor {
  if (input.uint32() !== MAGIC) throw invalid("not an LZ4 frame", 0);
  const start = input.at;
  const flags = input.byte();
  const sizes = input.byte();
  if (flags >> 6 !== 1 || (flags & 0x02) !== 0 || (sizes & 0x8f) !== 0 || sizes >> 4 < 4) {
    throw invalid("not a known form of LZ4 frame", start);
  }
  const contentBytes = flags & 0x08 ? input.uint64() : undefined;
  if (flags & 0x01) {
    throw new SyncError("CODEC_UNSUPPORTED", "an LZ4 frame with a dictionary", {
      details: { offset: input.at },
    });
  }
  const checked = input.bytes.subarray(start, input.at);
  if (input.byte() !== ((xxhash32(checked) >>> 8) & 0xff)) {
    throw invalid("the frame's header does not match its checksum", input.at - 1);
  }
  return {
    linked: (flags & 0x20) === 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    contentBytes,
    maxBlockBytes: 2 ** (8 + 2 * (sizes >> 4)),
  };
}

/** The next block, or `undefined` after the last. */
function readBlock(input: Input, descriptor: Descriptor): Block | undefined {
  if (input.ended) return undefined;
  const size = input.uint32();
  if (size === 0) {
    input.marked = true;
    return undefined;
  }
  const compressed = size < RAW_BLOCK;
  const start = input.at;
  const end = start + (size % RAW_BLOCK);
  input.skipTo(end);
  if (descriptor.blockChecksums && input.uint32() !== xxhash32(input.bytes.subarray(start, end))) {
    throw invalid("a block does not match its checksum", start);
  }
  const length = compressed ? expandedLength(input.bytes, start, end) : end - start;
  if (length > descriptor.maxBlockBytes) throw invalid("a block is longer than allowed", start);
  return { start, end, compressed, length };
}

/** How long the sequences of a compressed block are together. */
function expandedLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  let at = start;
  while (at < end) {
    const token = bytes[at++] ?? 0;
    let run = token >> 4;
    if (run === 15) {
      for (let more = 255; more === 255; run += more) {
        if (at >= end) throw truncated(at);
        more = bytes[at++] ?? 0;
      }
    }
    at += run;
    length += run;
    if (at === end) return length;
    if (at + 2 > end) throw truncated(end);
    at += 2;
    run = token & 15;
    if (run === 15) {
      for (let more = 255; more === 255; run += more) {
        if (at >= end) throw truncated(at);
        more = bytes[at++] ?? 0;
      }
    }
    length += run + MIN_MATCH;
  }
  // The last sequence has literals only, so a block that ends with a match was cut.
  throw truncated(end);
}

/**
 * Writes what a block expands to at `from`; it was counted, so it fits. Matches begin at `floor` or
 * later.
 */
function expand(
  bytes: Uint8Array,
  block: Block,
  output: Uint8Array,
  from: number,
  floor: number,
): void {
  let at = block.start;
  let to = from;
  for (;;) {
    const token = bytes[at++] ?? 0;
    let run = token >> 4;
    if (run === 15) {
      for (let more = 255; more === 255; run += more) more = bytes[at++] ?? 0;
    }
    if (run > LONG_RUN) output.set(bytes.subarray(at, at + run), to);
    else for (let i = 0; i < run; i++) output[to + i] = bytes[at + i] ?? 0;
    at += run;
    to += run;
    if (at >= block.end) return;
    const distance = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    if (distance === 0 || to - distance < floor) {
      throw invalid("a match begins before the contents", at);
    }
    at += 2;
    run = (token & 15) + MIN_MATCH;
    if (run === 15 + MIN_MATCH) {
      for (let more = 255; more === 255; run += more) more = bytes[at++] ?? 0;
    }
    // Byte by byte: a match may overlap what it makes, and then repeats itself.
    for (const end = to + run; to < end; to++) output[to] = output[to - distance] ?? 0;
  }
}

/** The bytes of a frame and how far they were read. */
class Input {
  readonly bytes: Uint8Array;
  at = 0;
  /** Whether the mark that ends the blocks was read. */
  marked = false;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ended(): boolean {
    return this.at === this.bytes.length;
  }

  byte(): number {
    this.skipTo(this.at + 1);
    return this.#view.getUint8(this.at - 1);
  }

  uint32(): number {
    this.skipTo(this.at + 4);
    return this.#view.getUint32(this.at - 4, true);
  }

  uint64(): bigint {
    this.skipTo(this.at + 8);
    return this.#view.getBigUint64(this.at - 8, true);
  }

  skipTo(at: number): void {
    if (at > this.bytes.length) throw truncated(this.bytes.length);
    this.at = at;
  }
}

function truncated(offset: number): SyncError {
  return new SyncError("CODEC_TRUNCATED", "the LZ4 frame ends early", { details: { offset } });
}

function invalid(message: string, offset: number): SyncError {
  return new SyncError("CODEC_INVALID", message, { details: { offset } });
}

function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
