/** @packageDocumentation Fressian as kabel and konserve write it: the bytes of the JVM, both ways. */
export { type FressianOptions, fressianCodec } from "./codec.ts";
export { FRESSIAN_LIMITS, type FressianLimits } from "./limits.ts";
