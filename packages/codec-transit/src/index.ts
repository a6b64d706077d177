/** @packageDocumentation Transit in JSON and MessagePack, and plain JSON, as kabel reads and writes them. */
export { type TransitOptions, transitCodec } from "./codec.ts";
export { TRANSIT_LIMITS, type TransitLimits } from "./limits.ts";
export { printJson, readJson } from "./plain-json.ts";
