/** @packageDocumentation CBOR as Datahike, kabel and konserve write it: the bytes of the JVM, both ways. */
export { type CborOptions, cborCodec } from "./codec.ts";
export { CBOR_LIMITS, type CborLimits } from "./limits.ts";
