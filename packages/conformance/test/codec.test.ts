import {
  type CodecCase,
  type CodecSuiteOptions,
  codecConformance,
} from "@datahike-sync/conformance/codec";
import { type Codec, SyncError } from "@datahike-sync/core";
import { type Edn, EdnMap, isKind, list, rawList } from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import { describe } from "vitest";
import { controls, type Mutant } from "./controls.ts";
import { failure, PlainCodec, viewOf } from "./plain-codec.ts";

type Subject = Omit<CodecSuiteOptions, "test">;

controls<CodecCase, Subject>(
  (test, subject) => codecConformance({ ...subject, test, seed, runs: cases(3000) }),
  { codec: new PlainCodec() },
  mutants(),
);

describe("a codec that merges 0.0 and -0.0", () => {
  class Merging extends PlainCodec {
    override textOf(value: Edn): string {
      return super.textOf(value).replaceAll("-0.0", "0.0");
    }
  }
  controls<CodecCase, Subject>(
    (test, subject) => codecConformance({ ...subject, test, seed, runs: cases(1000) }),
    { codec: new Merging(), mergesZeros: true },
    [
      {
        name: "does not say so",
        fails: "every-kind",
        because: /the value -0\.0 became 0\.0/,
        subject: { codec: new Merging() },
      },
    ],
    "all others",
  );
});

describe("a codec that refuses a kind", () => {
  class Refusing extends PlainCodec {
    override textOf(value: Edn): string {
      const text = super.textOf(value);
      if (RATIO.test(text)) throw refusal;
      return text;
    }
  }
  const RATIO = /(?<![\w"])-?\d+\/\d/;
  const refusal = new SyncError("CODEC_UNSUPPORTED", "no ratios", { details: { kind: "ratio" } });
  controls<CodecCase, Subject>(
    (test, subject) => codecConformance({ ...subject, test, seed, runs: cases(1000) }),
    { codec: new Refusing(), refuses: ["ratio"] },
    [
      {
        name: "does not say so",
        fails: "every-kind",
        because: /CODEC_UNSUPPORTED .* for the kind ratio of 1\/3/,
        subject: { codec: new Refusing() },
      },
    ],
    "all others",
  );
});

function mutants(): Mutant<CodecCase, Subject>[] {
  return [
    {
      name: "does not say what its lossy kinds become",
      fails: "introduction",
      because: /comesBackAs does not say what becomes of list/,
      subject: of(
        class extends PlainCodec {
          override readonly lossy: Codec["lossy"] = ["list"];
        },
      ),
    },
    {
      name: "takes 0.0 for 0",
      fails: "every-kind",
      because: /the value 0\.0 became 0/,
      subject: of(
        class extends PlainCodec {
          override textOf(value: Edn): string {
            return super.textOf(value).replaceAll(/(?<=^|[ [])0\.0(?=$|[ \]])/g, "0");
          }
        },
      ),
    },
    {
      name: "takes lists for vectors without a word",
      fails: "every-kind",
      because: /the value \(\) became \[\]/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            const value = super.decode(bytes);
            return isKind(value, "list") ? value.items : value;
          }
        },
      ),
    },
    {
      name: "is wrong about long negative integers",
      fails: "random-values",
      because: /the value .*-\d+.* became .*-5/,
      subject: of(
        class extends PlainCodec {
          override textOf(value: Edn): string {
            return super.textOf(value).replaceAll(/-\d{16,}/g, "-5");
          }
        },
      ),
    },
    {
      name: "gives a lossy kind as another than it says",
      fails: "lossy-kinds",
      because: /a rawList came back as list instead of vector/,
      subject: of(
        class extends PlainCodec {
          override readonly lossy: Codec["lossy"] = ["rawList"];
          override valueOf(text: string): Edn {
            return super.valueOf(text, {
              tags: { "java.util.List": ([items]) => list(...(items as readonly Edn[])) },
            });
          }
        },
        { comesBackAs: { rawList: "vector" } },
      ),
    },
    {
      name: "writes extensions in a way of its own",
      fails: "extensions",
      because: /bytes .* instead of/,
      subject: of(
        class extends PlainCodec {
          override textOf(value: Edn): string {
            const isExtended =
              Array.isArray(value) && value.some((item) => isKind(item, "extension"));
            return isExtended ? "nil" : super.textOf(value);
          }
        },
      ),
    },
    {
      name: "writes blanks every other time",
      fails: "same-bytes-again",
      because: /bytes .* became/,
      subject: of(
        class extends PlainCodec {
          #count = 0;
          override textOf(value: Edn): string {
            return super.textOf(value) + " ".repeat(this.#count++ % 2);
          }
        },
      ),
    },
    {
      name: "reads maps in another order",
      fails: "random-values",
      because: /the value .* became/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            const value = super.decode(bytes);
            return isKind(value, "map") ? new EdnMap([...value].reverse()) : value;
          }
        },
      ),
    },
    {
      name: "forgets unknown tags",
      fails: "unknown-tags",
      because: /the tagged #app\/inner/,
      subject: of(
        class extends PlainCodec {
          override valueOf(text: string): Edn {
            return super.valueOf(text, { tags: { "app/inner": ([field = null]) => field } });
          }
        },
      ),
    },
    {
      name: "reads maps into objects",
      fails: "prototype-keys",
      because: /__proto__/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            const value = super.decode(bytes);
            return isKind(value, "map") ? value.without("__proto__") : value;
          }
        },
      ),
    },
    {
      name: "overflows the stack on deep values",
      fails: "deep-values",
      because: /gave RangeError .* instead of CODEC_LIMIT/,
      subject: of(
        class extends PlainCodec {
          override textOf(value: Edn): string {
            depthOf(value);
            return super.textOf(value);
          }
        },
      ),
    },
    {
      name: "writes nil for what is no value",
      fails: "misuse",
      because: /undefined gave no error/,
      subject: of(
        class extends PlainCodec {
          override encode(value: Edn | undefined): Uint8Array {
            return super.encode(value ?? null);
          }
        },
      ),
    },
    {
      name: "gives a part of a larger array",
      fails: "own-bytes",
      because: /part of a larger array/,
      subject: of(
        class extends PlainCodec {
          override frame(text: Uint8Array): Uint8Array {
            const bytes = super.frame(text);
            const larger = new Uint8Array(2 * bytes.length);
            larger.set(bytes);
            return larger.subarray(0, bytes.length);
          }
        },
      ),
    },
    {
      name: "gives the same bytes again",
      fails: "own-bytes",
      because: /used again/,
      subject: of(
        class extends PlainCodec {
          readonly #given = new Map<Edn, Uint8Array>();
          override encode(value: Edn): Uint8Array {
            const bytes = this.#given.get(value) ?? super.encode(value);
            this.#given.set(value, bytes);
            return bytes;
          }
        },
      ),
    },
    {
      name: "changes what it writes",
      fails: "value-unchanged",
      because: /the value was changed/,
      subject: of(
        class extends PlainCodec {
          override encode(value: Edn): Uint8Array {
            const bytes = super.encode(value);
            if (Array.isArray(value) && value[1] instanceof Uint8Array) value[1].fill(0);
            return bytes;
          }
        },
      ),
    },
    {
      name: "wipes what it has read",
      fails: "input-unchanged",
      because: /the bytes were changed/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            const value = super.decode(bytes);
            bytes.fill(0);
            return value;
          }
        },
      ),
    },
    {
      name: "gives parts of what it reads",
      fails: "input-unchanged",
      because: /changing the bytes afterwards changes the value/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            const value = super.decode(bytes);
            return Array.isArray(value) ? Object.freeze([...value, bytes.subarray(4)]) : value;
          }
        },
      ),
    },
    {
      name: "remembers what it has read",
      fails: "fresh-values",
      because: /changing one value changes/,
      subject: of(
        class extends PlainCodec {
          readonly #known = new Map<string, Edn>();
          override valueOf(text: string): Edn {
            const value = this.#known.get(text) ?? super.valueOf(text);
            this.#known.set(text, value);
            return value;
          }
        },
      ),
    },
    {
      name: "leaves vectors open",
      fails: "frozen-values",
      because: /a decoded vector is not frozen/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            const value = super.decode(bytes);
            return Array.isArray(value) ? [...(value as readonly Edn[])] : value;
          }
        },
      ),
    },
    {
      name: "reads from where the memory begins",
      fails: "parts-of-arrays",
      because: /CODEC|these bytes are wrong/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            return super.unframe(new Uint8Array(bytes.buffer, 0, bytes.length));
          }
        },
      ),
    },
    {
      name: "reads beyond the end",
      fails: "truncation",
      because: /RangeError .* instead of CODEC_TRUNCATED/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            const length = viewOf(bytes).getUint32(0);
            return super.unframe(bytes.length < 4 + length ? new Uint8Array(0) : bytes);
          }
        },
      ),
    },
    {
      name: "does not say where the bytes end",
      fails: "truncation",
      because: /has the offset undefined/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            const end = bytes.length < 4 ? 4 : 4 + viewOf(bytes).getUint32(0);
            if (bytes.length < end) {
              throw Object.assign(failure("CODEC_TRUNCATED", 0), { details: {} });
            }
            return super.unframe(bytes);
          }
        },
      ),
    },
    {
      name: "makes do with half a value",
      fails: "truncation",
      because: /no error instead of CODEC_TRUNCATED/,
      subject: of(
        class extends PlainCodec {
          override decode(bytes: Uint8Array): Edn {
            try {
              return super.decode(bytes);
            } catch {
              return null;
            }
          }
        },
      ),
    },
    {
      name: "ignores what comes behind",
      fails: "trailing-bytes",
      because: /no error instead of CODEC_INVALID/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            const end = bytes.length < 4 ? 4 : 4 + viewOf(bytes).getUint32(0);
            return super.unframe(bytes.subarray(0, end));
          }
        },
      ),
    },
    {
      name: "lets the platform's error out",
      fails: "mutations",
      because: /TypeError .* instead of CODEC_TRUNCATED or CODEC_INVALID/,
      subject: of(
        class extends PlainCodec {
          override decodeText(bytes: Uint8Array): string {
            return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
          }
        },
      ),
    },
    {
      name: "reads what it would not write so",
      fails: "mutations",
      because: /is read as another when written/,
      subject: of(
        class extends PlainCodec {
          override valueOf(text: string): Edn {
            const value = super.valueOf(text);
            return super.textOf(value) === text ? value : rawList(text);
          }
          override textOf(value: Edn): string {
            return isKind(value, "rawList") ? "nil" : super.textOf(value);
          }
        },
      ),
    },
    {
      name: "takes a length for a signed number",
      fails: "noise",
      because: /RangeError .* instead of/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            if (bytes.length >= 4) roomFor(viewOf(bytes).getInt32(0) & 0x8000_0000);
            return super.unframe(bytes);
          }
        },
      ),
    },
    {
      name: "makes room for what a count says",
      fails: "huge-counts",
      because: /RangeError .* instead of/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            if (bytes.length >= 4) roomFor(2 * viewOf(bytes).getUint32(0));
            return super.unframe(bytes);
          }
        },
      ),
    },
    {
      name: "goes down as deep as the bytes say",
      fails: "huge-depth",
      because: /RangeError .* instead of/,
      subject: of(
        class extends PlainCodec {
          override unframe(bytes: Uint8Array): Uint8Array {
            bracketsFrom(bytes, 0);
            return super.unframe(bytes);
          }
        },
      ),
    },
  ];
}

function of(Class: new () => Codec, options: Omit<Subject, "codec"> = {}): Subject {
  return { codec: new Class(), ...options };
}

/** Fails, as the platform does, where there cannot be so much. */
function roomFor(count: number): void {
  const items: unknown[] = [];
  items.length = count;
}

function depthOf(value: Edn): number {
  return Array.isArray(value) ? 1 + Math.max(0, ...value.map(depthOf)) : 0;
}

function bracketsFrom(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0x5b ? 1 + bracketsFrom(bytes, at + 1) : 0;
}
