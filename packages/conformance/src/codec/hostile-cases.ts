/** Bytes that nobody should have sent. */
import { isSyncError } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";
import fc from "fast-check";
import { check, sameBytes, thrownBy } from "../check.ts";
import { EDITS, edited } from "../damage.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { mixed, nest } from "./examples.ts";
import { exactValues } from "./value-cases.ts";
import {
  type CodecContext,
  checkDecodeError,
  decodeHostile,
  encodeOrRefuse,
  hexOf,
  showValue,
} from "./value-checks.ts";

export const truncation: Case<CodecContext> = {
  says: "bytes that end early are CODEC_TRUNCATED, wherever they end",
  async run(context) {
    const { codec, parameters } = context;
    const cutEverywhere = (value: Edn) => {
      const bytes = encodeOrRefuse(context, value) ?? new Uint8Array(0);
      // All of a short one, and of a long one some, of which the last are the likeliest to pass.
      const step = Math.ceil(bytes.length / 2000);
      for (let end = bytes.length - 1; end >= 0; end -= end > bytes.length - 50 ? 1 : step) {
        const cut = bytes.subarray(0, end);
        checkDecodeError(
          thrownBy(() => codec.decode(cut)),
          cut,
          ["CODEC_TRUNCATED"],
        );
      }
    };
    cutEverywhere(mixed([...codec.lossy, ...context.refuses]));
    await forAll(exactValues(context), parameters, cutEverywhere, showValue);
  },
};

export const trailingBytes: Case<CodecContext> = {
  says: "bytes behind the value are CODEC_INVALID",
  async run({ codec }) {
    for (const value of [null, 1, "a", [1], [], new Uint8Array(3)]) {
      const bytes = codec.encode(value);
      const twice = new Uint8Array(2 * bytes.length);
      twice.set(bytes);
      twice.set(bytes, bytes.length);
      checkDecodeError(
        thrownBy(() => codec.decode(twice)),
        twice,
        ["CODEC_INVALID"],
      );
    }
  },
};

export const mutations: Case<CodecContext> = {
  says: "damaged bytes give a value that can be written and read again, or an error that says where",
  async run(context) {
    const { parameters } = context;
    await forAll(
      fc.tuple(exactValues(context), EDITS),
      // A decode of few bytes costs little, and damage is found by numbers.
      { ...parameters, numRuns: parameters.numRuns * 10 },
      ([value, edits]) => {
        const bytes = encodeOrRefuse(context, value);
        if (bytes !== undefined) checkReadable(context, edited(bytes, edits));
      },
      ([value]) => `damage to ${showValue(value)}`,
    );
  },
};

export const noise: Case<CodecContext> = {
  says: "bytes that are no value at all give a value or an error that says where",
  async run(context) {
    const bytes = fc.uint8Array({ maxLength: 64 });
    await forAll(bytes, context.parameters, (random) => checkReadable(context, random), hexOf);
    for (let byte = 0; byte < 256; byte++) decodeHostile(context, Uint8Array.of(byte));
  },
};

export const hugeCounts: Case<CodecContext> = {
  says: "a count that the bytes do not hold is an error, before anything is made for it",
  async run(context) {
    const { codec } = context;
    const bytes = codec.encode(mixed([...codec.lossy, ...context.refuses]));
    const step = Math.ceil(bytes.length / 3000);
    for (let at = 0; at < bytes.length; at += step) {
      for (const size of [1, 2, 4, 8]) {
        for (const first of [0xff, 0x7f]) {
          const damaged = bytes.slice();
          damaged.fill(0xff, at, at + size);
          damaged[at] = first;
          decodeHostile(context, damaged);
        }
      }
    }
  },
};

export const hugeDepth: Case<CodecContext> = {
  says: "bytes that open a collection in a collection without end are an error",
  async run(context) {
    const patterns = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    const nested = context.codec.encode(nest(20));
    for (let length = 2; length <= Math.min(16, nested.length); length++) {
      patterns.push(nested.slice(0, length));
    }
    for (const pattern of patterns) {
      const deep = new Uint8Array(100_000 * pattern.length);
      for (let at = 0; at < deep.length; at += pattern.length) deep.set(pattern, at);
      decodeHostile(context, deep);
    }
  },
};

/** Whatever was read can be filed, written, and read again as the same. */
function checkReadable(context: CodecContext, bytes: Uint8Array): void {
  const value = decodeHostile(context, bytes);
  if (value === undefined) return;
  const { codec } = context;
  let written: Uint8Array;
  try {
    written = codec.encode(value);
  } catch (error) {
    check(
      isSyncError(error, "CODEC_UNSUPPORTED") || isSyncError(error, "CODEC_LIMIT"),
      `what was read of ${hexOf(bytes)} cannot be written`,
    );
    return;
  }
  const again = codec.decode(written);
  check(
    identity(again) === identity(value),
    () => `${hexOf(bytes)} is read as another when written`,
  );
  check(sameBytes(codec.encode(again), written), () => `${hexOf(bytes)} is written in two ways`);
}
