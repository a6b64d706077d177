/** @packageDocumentation Takes lines over WebSocket, in Node. */
export type { Origins } from "./admission.ts";
export type { HttpServer } from "./attach.ts";
export type { Authenticate, AuthenticateRequest, Authentication } from "./authentication.ts";
export { CLOSE_NUMBERS } from "./close-codes.ts";
export { LISTEN_DEFAULTS, type ListenOptions, listen } from "./listen.ts";
export { NodeWebSocket } from "./node-web-socket.ts";
export { nativeProtocol } from "./protocols.ts";
export type { TextAs, WsTransport } from "./ws-line.ts";
export type { DrainOptions, WsServer } from "./ws-server.ts";
