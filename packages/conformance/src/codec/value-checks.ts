/** What is compared and looked for in values. */
import { type Codec, isSyncError } from "@datahike-sync/core";
import { type Edn, type Kind, kindOf, print } from "@datahike-sync/edn";
import { check, checkError, describe, thrownBy } from "../check.ts";
import type { RandomParameters } from "../random.ts";

/** What the cases of the codec suite are given. */
export interface CodecContext {
  readonly codec: Codec;
  readonly comesBackAs: Readonly<Partial<Record<Kind, Kind>>>;
  readonly refuses: readonly Kind[];
  readonly mergesZeros: boolean;
  readonly timeoutMs: number;
  readonly parameters: RandomParameters;
}

/** The codes of what bytes can be wrong with. */
const DECODE_CODES = ["CODEC_TRUNCATED", "CODEC_INVALID", "CODEC_LIMIT"];

/** A value in a few words. */
export function showValue(value: Edn): string {
  return short(print(value));
}

/** Checks that two values are equal, of the same kinds all the way down, and in the same order. */
export function checkSame(
  { mergesZeros }: Pick<CodecContext, "mergesZeros">,
  actual: Edn,
  expected: Edn,
  what: string,
): void {
  const textOf = (value: Edn) =>
    mergesZeros ? print(value).replaceAll("-0.0", "0.0") : print(value);
  const [text, wanted] = [textOf(actual), textOf(expected)];
  check(text === wanted, () => {
    const at = Array.from(wanted).findIndex((unit, i) => text[i] !== unit);
    const start = Math.max(0, at - 20);
    return `${what} ${short(wanted.slice(start))} became ${short(text.slice(start))}`;
  });
}

/** A value's bytes, or `undefined` where the codec may and does refuse its kind. */
export function encodeOrRefuse(
  { codec, refuses }: CodecContext,
  value: Edn,
): Uint8Array | undefined {
  try {
    return codec.encode(value);
  } catch (error) {
    const kind = isSyncError(error, "CODEC_UNSUPPORTED") ? error.details["kind"] : undefined;
    if (refuses.some((refused) => refused === kind)) return undefined;
    const reason = kind === undefined ? "" : ` for the kind ${String(kind)}`;
    throw new Error(`encode gave ${describe(error)}${reason} of ${showValue(value)}`, {
      cause: error,
    });
  }
}

/** Decodes what came of `value`. */
export function decodeSound(codec: Codec, bytes: Uint8Array, value: Edn): Edn {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw new Error(`decode gave ${describe(error)} of the bytes of ${showValue(value)}`, {
      cause: error,
    });
  }
}

/** Decodes bytes that anyone may have made: gives a value, or `undefined` after a sound error. */
export function decodeHostile(
  { codec, timeoutMs }: CodecContext,
  bytes: Uint8Array,
): Edn | undefined {
  const started = performance.now();
  let value: Edn | undefined;
  const error = thrownBy(() => {
    value = codec.decode(bytes);
  });
  const took = performance.now() - started;
  check(took < timeoutMs, () => `decode took ${Math.round(took)} ms of ${hexOf(bytes)}`);
  if (error === undefined) return value;
  checkDecodeError(error, bytes, DECODE_CODES);
  return undefined;
}

/** Checks the error of decoding: one of these codes, and where. */
export function checkDecodeError(
  error: unknown,
  bytes: Uint8Array,
  codes: readonly string[],
): void {
  const { code, details } = checkError(error, codes, `decode of ${hexOf(bytes)} gave`);
  const { offset, limit } = details;
  check(
    typeof offset === "number" && Number.isInteger(offset) && offset >= 0 && offset <= bytes.length,
    () => `the error ${code} has the offset ${String(offset)} in ${bytes.length} bytes`,
  );
  check(code !== "CODEC_LIMIT" || typeof limit === "string", "CODEC_LIMIT names no limit");
}

/** A part of the value that can be changed, but for bytes, dates and numbers; `undefined` when none. */
export function changeablePart(value: Edn): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Uint8Array || value instanceof Date) return undefined;
  const kind = kindOf(value);
  if (!Object.isFrozen(value)) return kind;
  for (const part of partsOf(value)) {
    if (Array.isArray(part) && !Object.isFrozen(part)) return `the items of a ${kind}`;
    const found = changeablePart(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Writes over everything in a value that can be written over: what is shared shows it. */
export function scribble(value: Edn): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Uint8Array) value.fill(0xee);
  else if (value instanceof Date) value.setTime(-12_345);
  else {
    if (!Array.isArray(value) && kindOf(value) === "numberArray") scribbleNumbers(value);
    for (const part of partsOf(value)) scribble(part);
  }
}

/** The first bytes in hexadecimal. */
export function hexOf(bytes: Uint8Array): string {
  const digits = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, "0"));
  return `${bytes.length} bytes ${digits.join("")}${bytes.length > 32 ? "..." : ""}`;
}

function short(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function partsOf(value: Exclude<Edn & object, Uint8Array | Date>): readonly Edn[] {
  if (!("ednKind" in value)) return value;
  switch (value.ednKind) {
    case "list":
    case "rawList":
      return [value.items];
    case "map":
      return [...value].flat();
    case "set":
      return [...value];
    case "record":
      return [value.fields];
    case "tagged":
      return [value.fields];
    case "numberArray":
      return Array.isArray(value.items) ? [value.items] : [];
    default:
      return [];
  }
}

function scribbleNumbers(value: Edn): void {
  const { items } = value as { readonly items: unknown };
  if (items instanceof BigInt64Array) items.fill(-77n);
  else if (ArrayBuffer.isView(items) && "fill" in items) (items as Int32Array).fill(77);
}
