import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A request to become a WebSocket, written to a socket of its own. */
export function knock(address: string): Socket {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write(
    [
      "GET / HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol: datahike-sync.v1.msgpack",
      "\r\n",
    ].join("\r\n"),
  );
  return socket;
}

/** A socket that has become a WebSocket, and does nothing more: it is paused and answers no ping. */
export async function rawClient(address: string): Promise<Socket> {
  const socket = knock(address);
  socket.on("error", () => {});
  await once(socket, "data");
  socket.pause();
  return socket;
}
