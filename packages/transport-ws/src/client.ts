/** @packageDocumentation Opens lines over WebSocket, in browsers and in Node. */
export type { WebSocketLike } from "./client-pipe.ts";
export { CLOSE_NUMBERS } from "./close-codes.ts";
export {
  type TokenSource,
  type WebSocketConstructor,
  WS_DIALER_DEFAULTS,
  type WsDialer,
  type WsDialerOptions,
  wsDialer,
} from "./dialer.ts";
export { nativeProtocol } from "./protocols.ts";
export type { TextAs, WsTransport } from "./ws-line.ts";
