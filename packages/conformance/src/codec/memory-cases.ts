/** Who owns the bytes and the values. */
import { type Edn, print, snapshot } from "@datahike-sync/edn";
import { check, sameBytes } from "../check.ts";
import type { Case } from "../suite.ts";
import { mixed } from "./examples.ts";
import { type CodecContext, changeablePart, checkSame, scribble } from "./value-checks.ts";

export const ownBytes: Case<CodecContext> = {
  says: "encode gives a plain array of bytes with memory of its own",
  async run({ codec }) {
    const values: readonly Edn[] = ["a", [1, 2], new Uint8Array(100), "long ".repeat(20_000)];
    const encoded = values.map((value) => codec.encode(value));
    const copies = encoded.map((bytes) => bytes.slice());
    for (const bytes of encoded) {
      const { name } = bytes.constructor;
      check(name === "Uint8Array", `the bytes are a ${name}`);
      check(
        bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.length,
        "the bytes are a part of a larger array",
      );
    }
    for (const [i, bytes] of encoded.entries()) {
      bytes.fill(0xee);
      const again = codec.encode(values[i] ?? null);
      check(sameBytes(again, copies[i] ?? bytes), "bytes that were given away are used again");
    }
  },
};

export const valueUnchanged: Case<CodecContext> = {
  says: "encode changes nothing in the value, and its bytes share nothing with it",
  async run(context) {
    const { codec } = context;
    const value = sample(context);
    const text = print(value);
    const bytes = codec.encode(value);
    const copy = bytes.slice();
    check(print(value) === text, "the value was changed");
    scribble(value);
    check(sameBytes(bytes, copy), "changing the value afterwards changes its bytes");
  },
};

export const inputUnchanged: Case<CodecContext> = {
  says: "decode changes nothing in the bytes, and its value shares nothing with them",
  async run(context) {
    const { codec } = context;
    const bytes = codec.encode(sample(context));
    const copy = bytes.slice();
    const value = codec.decode(bytes);
    check(sameBytes(bytes, copy), "the bytes were changed");
    const text = print(value);
    bytes.fill(0xee);
    check(print(value) === text, "changing the bytes afterwards changes the value");
  },
};

export const freshValues: Case<CodecContext> = {
  says: "what two decodes give shares nothing that can be changed",
  async run(context) {
    const { codec } = context;
    const bytes = codec.encode(sample(context));
    const first = codec.decode(bytes);
    const text = print(first);
    scribble(codec.decode(bytes));
    check(print(first) === text, "changing one value changes another");
    check(print(codec.decode(bytes)) === text, "changing one value changes the next");
  },
};

export const frozenValues: Case<CodecContext> = {
  says: "collections that were decoded are frozen all the way down",
  async run(context) {
    const { codec } = context;
    const part = changeablePart(codec.decode(codec.encode(sample(context))));
    check(part === undefined, `a decoded ${part} is not frozen`);
  },
};

export const partsOfArrays: Case<CodecContext> = {
  says: "a value is read from a part of a larger array, at any place",
  async run(context) {
    const { codec } = context;
    const value = codec.decode(codec.encode(sample(context)));
    const bytes = codec.encode(value);
    for (const offset of [1, 3, 8]) {
      const larger = new Uint8Array(bytes.length + 2 * offset).fill(0xff);
      larger.set(bytes, offset);
      const part = larger.subarray(offset, offset + bytes.length);
      checkSame(context, codec.decode(part), value, "read from a part of a larger array");
    }
  },
};

/** A value with something of every kind that the codec takes, its own for each call. */
function sample({ codec, refuses }: CodecContext): Edn {
  const refused = [...refuses, ...codec.lossy];
  const parts: Edn[] = [mixed(refused)];
  if (!refused.includes("bytes")) parts.push(new Uint8Array(300).fill(7), Uint8Array.of(1, 2, 3));
  return snapshot(parts);
}
