/** What both sides say of themselves before the first message. */

/** Precedes the name of a codec in the WebSocket subprotocol of our own wire. */
const PREFIX = "datahike-sync.v1.";

/** The subprotocol of a line on which contexts with this codec speak. */
export function nativeProtocol(codec: { readonly name: string }): string {
  return PREFIX + codec.name;
}

/** What is offered and taken where nothing else is said. */
export const DEFAULT_PROTOCOLS: readonly string[] = [nativeProtocol({ name: "msgpack" })];

/** Offered beside the others by who will send a token as the first frame. Never chosen. */
export const TOKEN_PROTOCOL = "datahike-sync.token";

/** The first frame, as text. */
export function authFrame(token: string): string {
  return AUTH + token;
}

/** The token of a first frame; `undefined` for another text. */
export function tokenOf(text: string): string | undefined {
  return text.startsWith(AUTH) ? text.slice(AUTH.length) : undefined;
}

const AUTH = "auth ";
