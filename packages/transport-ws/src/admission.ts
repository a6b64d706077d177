/** Who may knock: what a server looks at before it makes a WebSocket of a request. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TOKEN_PROTOCOL } from "./protocols.ts";

/** An answer to a request that becomes no line. */
export interface Refusal {
  readonly status: string;
  readonly headers?: readonly string[];
}

export const NOT_FOUND: Refusal = { status: "404 Not Found" };
export const FORBIDDEN: Refusal = { status: "403 Forbidden" };
export const NO_PROTOCOL: Refusal = { status: "400 Bad Request" };
export const UNAVAILABLE: Refusal = {
  status: "503 Service Unavailable",
  headers: ["Retry-After: 5"],
};

/** Answers a request to become a WebSocket with a no. */
export function refuse(socket: Duplex, { status, headers = [] }: Refusal): void {
  // Whoever left before the answer is nobody's failure.
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  const lines = [`HTTP/1.1 ${status}`, "Connection: close", "Content-Length: 0", ...headers];
  socket.end(`${lines.join("\r\n")}\r\n\r\n`);
}

/**
 * Whether a page of this origin may have a line. Browsers send cookies along whichever page asks, and
 * say truly which; what sends no origin is no browser.
 */
export function isOriginAllowed(request: IncomingMessage, origins: Origins | undefined): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || origins === "*") return true;
  if (origins !== undefined) return origins.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Origins as browsers send them, such as `https://app.example`, or all of them. */
export type Origins = readonly string[] | "*";

/** What the other side offers to speak. */
export function offeredProtocols(request: IncomingMessage): readonly string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header.split(",").map((name) => name.trim());
}

/** Whether a token comes as the first frame. */
export function bringsToken(request: IncomingMessage): boolean {
  return offeredProtocols(request).includes(TOKEN_PROTOCOL);
}

/** The token of a request that has one in its headers. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}
