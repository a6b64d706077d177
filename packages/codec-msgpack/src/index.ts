/** @packageDocumentation MessagePack that carries every EDN value exactly: the codec of our own wire. */
export { type MsgpackOptions, msgpackCodec } from "./codec.ts";
export { MSGPACK_LIMITS, type MsgpackLimits } from "./limits.ts";
