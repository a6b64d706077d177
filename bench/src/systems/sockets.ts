/** What the systems that speak over bare WebSockets share. */
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** A server on a free port of the loopback interface. */
export async function openServer(): Promise<WebSocketServer> {
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
  });
  await new Promise((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  return server;
}

export function addressOf(server: WebSocketServer): string {
  // `as`: it listens on a port, not on a path.
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function closeServer(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
}

/** A line to a server. Rejects when there is none to be had. */
export async function openSocket(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address, {
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return socket;
}

export async function closeSocket(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close();
  await closed;
}

/** The bytes of a message, without a copy. */
export function bytesOf(data: WebSocket.RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
}

const MAX_PAYLOAD_BYTES = 2 ** 28;
