/** Bodies of batches: as many operations in each as it may have, large values in parts. */
import { SyncError } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import type { SyncLimits } from "../options.ts";
import { BodyWriter, type WireOperation } from "../wire/operations.ts";
import type { Counters } from "./counters.ts";
import { bytesOf, type WholeOperation } from "./wire-entry.ts";

export interface BodyOptions {
  readonly codec: Codec;
  readonly limits: SyncLimits;
  readonly counters: Counters;
}

/** Makes one body after the other. */
export class BodyMaker {
  readonly #options: BodyOptions;
  #writer: BodyWriter;

  constructor(options: BodyOptions) {
    this.#options = options;
    this.#writer = new BodyWriter(options.codec);
  }

  get isEmpty(): boolean {
    return this.#writer.count === 0;
  }

  /** Whether this operation, or a part of one, no longer fits: the body is to be taken first. */
  isFullFor(operation: WireOperation): boolean {
    const { batchOperations, batchBytes } = this.#options.limits;
    const { count, length } = this.#writer;
    return count > 0 && (count >= batchOperations || length + bytesOf(operation) > batchBytes);
  }

  add(operation: WireOperation): void {
    this.#writer.add(operation);
  }

  /** The body of what was added since the last one. */
  take(): Uint8Array {
    const body = this.#writer.finish();
    this.#writer = new BodyWriter(this.#options.codec);
    this.#options.counters.encodedBodies++;
    return body;
  }
}

/**
 * An operation as bodies take it: itself, or pieces of its value and itself without one.
 *
 * @throws {SyncError} `LIMIT_EXCEEDED` for a value beyond `maxValueBytes`.
 */
export function* pieces(
  operation: WholeOperation,
  { batchBytes, maxValueBytes }: SyncLimits,
): Generator<WireOperation, void> {
  const length = bytesOf(operation);
  if (length > maxValueBytes) {
    throw new SyncError("LIMIT_EXCEEDED", "a value that is too large to be sent", {
      details: { limit: "maxValueBytes", max: maxValueBytes, bytes: length },
    });
  }
  if (length <= batchBytes || !("value" in operation)) {
    yield operation;
    return;
  }
  const { key, value } = operation;
  for (let offset = 0; offset < length; offset += batchBytes) {
    const bytes = value.bytes.subarray(offset, offset + batchBytes);
    yield { op: "part", key, offset, bytes };
  }
  yield { ...operation, value: undefined };
}

/** The bodies of a whole step, made one by one: who takes them can stop. */
export function* toBodies(
  operations: Iterable<WholeOperation>,
  options: BodyOptions,
): Generator<Uint8Array, void> {
  const maker = new BodyMaker(options);
  for (const operation of operations) {
    for (const piece of pieces(operation, options.limits)) {
      if (maker.isFullFor(piece)) yield maker.take();
      maker.add(piece);
    }
  }
  if (!maker.isEmpty) yield maker.take();
}
