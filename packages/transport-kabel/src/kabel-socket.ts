import { frameOfText } from "./frames.ts";

/**
 * How WebSockets carry kabel's frames: what `wsDialer` and `listen` of transport-ws are to be told. JVM
 * servers choose no subprotocol, JVM clients offer one that nobody takes, and text comes as frames.
 */
export const KABEL_SOCKET: {
  readonly protocols: readonly string[];
  readonly textAs: (text: string) => Uint8Array;
} = { protocols: [], textAs: frameOfText };
