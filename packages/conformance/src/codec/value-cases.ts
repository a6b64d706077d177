/** What comes back is what was given. */
import {
  type Edn,
  EdnMap,
  type Extension,
  identity,
  keyword,
  kindOf,
  tagged,
} from "@datahike-sync/edn";
import { ednArbitrary } from "@datahike-sync/edn/arbitrary";
import fc from "fast-check";
import { check, describe, sameBytes, thrownBy } from "../check.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { EXAMPLES, mixed, nest, type PlainKind } from "./examples.ts";
import {
  type CodecContext,
  checkSame,
  decodeSound,
  encodeOrRefuse,
  hexOf,
  showValue,
} from "./value-checks.ts";

/** The deepest nesting that our wire carries. */
const WIRE_DEPTH = 64;

export const introduction: Case<CodecContext> = {
  says: "the codec has a name, and what it lists as lossy comes back as a kind that is told",
  async run({ codec, comesBackAs }) {
    check(codec.name !== "", "the codec has no name");
    check(codec.name !== "binary", "the name binary is that of bytes without a codec");
    for (const kind of codec.lossy) {
      if (kind === "extension") continue;
      check(kind in EXAMPLES, `the lossy ${kind} is no kind`);
      check(comesBackAs[kind] !== undefined, `comesBackAs does not say what becomes of ${kind}`);
    }
    for (const kind of Object.keys(comesBackAs)) {
      check(codec.lossy.includes(kind as PlainKind), `${kind} is not listed as lossy`);
    }
  },
};

export const everyKind: Case<CodecContext> = {
  says: "every kind that is not lossy comes back exactly, at the edges of its range",
  async run(context) {
    for (const [kind, values] of Object.entries(EXAMPLES)) {
      if (context.codec.lossy.includes(kind as PlainKind)) continue;
      for (const value of values) checkRoundTrip(context, value);
    }
    checkRoundTrip(context, mixed([...context.codec.lossy, ...context.refuses]));
  },
};

export const randomValues: Case<CodecContext> = {
  says: "random values come back exactly",
  async run(context) {
    await forAll(
      exactValues(context),
      context.parameters,
      (value) => checkRoundTrip(context, value),
      showValue,
    );
  },
};

export const lossyKinds: Case<CodecContext> = {
  says: "a lossy kind comes back as the kind it is said to, and then stays",
  async run(context) {
    const { codec, comesBackAs } = context;
    for (const [kind, wanted] of Object.entries(comesBackAs)) {
      for (const value of EXAMPLES[kind as PlainKind]) {
        const bytes = encodeOrRefuse(context, [value]);
        if (bytes === undefined) continue;
        const read = decodeSound(codec, bytes, value);
        const [inside] = Array.isArray(read) ? (read as readonly Edn[]) : [];
        const found = inside === undefined ? undefined : kindOf(inside);
        check(found === wanted, () => `a ${kind} came back as ${found} instead of ${wanted}`);
        checkRoundTrip(context, read);
      }
    }
  },
};

export const extensions: Case<CodecContext> = {
  says: "an extension is written as its EDN form",
  async run({ codec }) {
    const form = tagged("my/tag", keyword("a"));
    const extension: Extension = {
      ednKind: "extension",
      identity: identity(form),
      toEdn: () => form,
    };
    const [bytes, wanted] = [codec.encode([extension, extension]), codec.encode([form, form])];
    check(sameBytes(bytes, wanted), () => `${hexOf(bytes)} instead of ${hexOf(wanted)}`);
  },
};

export const sameBytesAgain: Case<CodecContext> = {
  says: "equal values of the same kinds, in the same order, have the same bytes",
  async run(context) {
    const { codec } = context;
    const again = (value: Edn) => {
      const bytes = encodeOrRefuse(context, value);
      if (bytes === undefined) return;
      for (const other of [value, decodeSound(codec, bytes, value)]) {
        const others = codec.encode(other);
        check(sameBytes(bytes, others), () => `${hexOf(bytes)} became ${hexOf(others)}`);
      }
    };
    again(mixed([...codec.lossy, ...context.refuses]));
    await forAll(exactValues(context), context.parameters, again, showValue);
  },
};

export const unknownTags: Case<CodecContext> = {
  says: "tags that the codec does not know survive, wherever they stand",
  async run(context) {
    const inner = tagged("app/inner", new EdnMap([[keyword("a"), tagged("app/leaf", null)]]));
    for (const value of [inner, [inner, inner], new EdnMap([[inner, inner]])]) {
      const { codec } = context;
      checkSame(context, decodeSound(codec, codec.encode(value), value), value, "the tagged");
    }
  },
};

export const prototypeKeys: Case<CodecContext> = {
  says: "keys that are names of JavaScript's own are keys like any other",
  async run(context) {
    const names = ["__proto__", "constructor", "toString", "prototype", "length"];
    const entries = names.flatMap((name): [Edn, Edn][] => [
      [name, new EdnMap([["polluted", true]])],
      [keyword(name), 1],
    ]);
    checkRoundTrip(context, new EdnMap(entries));
    checkRoundTrip(
      context,
      names.map((name) => tagged(name, 1)),
    );
    check(!("polluted" in {}), "reading a map has changed the prototype of all objects");
  },
};

export const deepValues: Case<CodecContext> = {
  says: `values may be nested ${WIRE_DEPTH} deep; where that ends, the limit is named`,
  async run(context) {
    checkRoundTrip(context, nest(WIRE_DEPTH));
    const error = thrownBy(() => context.codec.encode(nest(100_000)));
    check(
      error instanceof Error && "code" in error && error.code === "CODEC_LIMIT",
      () => `a value nested 100,000 deep gave ${describe(error)} instead of CODEC_LIMIT`,
    );
  },
};

export const misuse: Case<CodecContext> = {
  says: "what is no value of EDN is a TypeError",
  async run({ codec }) {
    for (const value of [undefined, {}, () => 1, Symbol("s"), [undefined], new Map()]) {
      const error = thrownBy(() => codec.encode(value as unknown as Edn));
      check(error instanceof TypeError, () => `${typeof value} gave ${describe(error)}`);
    }
  },
};

/** Random values of the kinds that come back exactly. */
export function exactValues({ codec }: CodecContext): fc.Arbitrary<Edn> {
  return ednArbitrary(fc, { portable: true, without: codec.lossy });
}

function checkRoundTrip(context: CodecContext, value: Edn): void {
  const bytes = encodeOrRefuse(context, value);
  if (bytes !== undefined)
    checkSame(context, decodeSound(context.codec, bytes, value), value, "the value");
}
