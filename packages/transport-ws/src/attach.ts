/** Shares an HTTP server with whoever else takes WebSockets there. */
import type { IncomingMessage, Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import { NOT_FOUND, refuse } from "./admission.ts";

export type HttpServer = Server | SecureServer;

type Take = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/**
 * Gives `take` the requests to become a WebSocket at a path, or at every path. Those for other paths
 * are left to the server's other listeners; where all of these are ours too, and none has the path,
 * the answer is 404: without one the socket would stay open for ever. Returns what detaches it.
 */
export function attach(http: HttpServer, path: string | undefined, take: Take): () => void {
  const takes = (request: IncomingMessage) => path === undefined || pathOf(request) === path;
  const listener: Attached = Object.assign<Take, Pick<Attached, typeof TAKES>>(
    (request, socket, head) => {
      if (takes(request)) take(request, socket, head);
      else if (isNobodys(http, request, listener)) refuse(socket, NOT_FOUND);
    },
    { [TAKES]: takes },
  );
  http.on("upgrade", listener);
  return () => {
    http.off("upgrade", listener);
  };
}

const TAKES = Symbol("takes");

/** A listener that can tell beforehand what it will take. */
interface Attached extends Take {
  readonly [TAKES]: (request: IncomingMessage) => boolean;
}

/** Whether nobody will answer; told to the first of ours alone. */
function isNobodys(http: HttpServer, request: IncomingMessage, asking: Attached): boolean {
  const listeners: unknown[] = http.listeners("upgrade");
  if (listeners[0] !== asking) return false;
  return listeners.every((listener) => isAttached(listener) && !listener[TAKES](request));
}

function isAttached(listener: unknown): listener is Attached {
  return typeof listener === "function" && TAKES in listener;
}

/** The path of a request, without its query. */
function pathOf({ url = "/" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}
