/** A server that speaks as a primary, and says on each line what a test wants it to. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { decodeFrame, type Message, type MessageOf, type MessageType } from "@datahike-sync/core";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { CODEC, frameOf, HELLO } from "./hostile-peer.ts";

/** Plays on one line: what it says from the replica's first subscription on. */
export type Play = (line: LyingLine, subscribe: MessageOf<"subscribe">) => void | Promise<void>;

/** Resolves to the address of one that plays the same on every line. */
export async function hostilePrimary(play: Play): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    const line = new LyingLine(socket);
    line.say(HELLO);
    void line.next("subscribe").then((subscribe) => play(line, subscribe));
  });
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export class LyingLine {
  readonly socket: WebSocket;
  readonly #heard: Message[] = [];
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      this.#heard.push(decodeFrame(Uint8Array.from(data), CODEC, "replica").message);
      this.#wake();
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  say(message: Message, body?: Uint8Array): void {
    this.socket.send(frameOf(message, body));
  }

  /** The next message of this type; those before it are forgotten. */
  async next<T extends MessageType>(type: T): Promise<MessageOf<T>> {
    for (;;) {
      for (let one = this.#heard.shift(); one !== undefined; one = this.#heard.shift()) {
        // `as`: a message of a type is one of that type.
        if (one.type === type) return one as MessageOf<T>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
