/** Somebody who speaks WebSocket, and says on it what he likes. */
import { once } from "node:events";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { decodeFrame, encodeHead, type Message, type MessageOf } from "@datahike-sync/core";
import { type ClientOptions, WebSocket } from "ws";
import { PLAIN_STORE } from "./besieged-terms.ts";

export const CODEC = msgpackCodec();

export const HELLO: MessageOf<"hello"> = {
  type: "hello",
  version: 1,
  codec: "msgpack",
  features: [],
  maxFrame: 2 ** 24,
  maxWindow: 2 ** 53 - 1,
  pingMs: 15_000,
};

export const SUBSCRIBE: MessageOf<"subscribe"> = {
  type: "subscribe",
  id: 1,
  storeId: PLAIN_STORE,
  select: null,
  have: { cursor: undefined, selection: undefined, tokens: undefined, position: undefined },
  window: 2 ** 20,
  deltas: [],
};

export function frameOf(message: Message, body: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.concat([encodeHead(message, CODEC), body]);
}

export class HostilePeer {
  readonly socket: WebSocket;
  /** Resolves when the line has ended. */
  readonly ended: Promise<void>;
  /** Frames that came, in order. */
  readonly frames: Uint8Array[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      this.frames.push(Uint8Array.from(data));
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        resolve();
        this.#wake();
      });
    });
  }

  /** Resolves when there is a line, or will be none. */
  static async open(address: string, options: ClientOptions = {}): Promise<HostilePeer> {
    const socket = new WebSocket(address, "datahike-sync.v1.msgpack", {
      perMessageDeflate: false,
      ...options,
    });
    const peer = new HostilePeer(socket);
    await Promise.race([once(socket, "open").catch(() => undefined), peer.ended]);
    return peer;
  }

  /** As `open`, with a hello that is as it should be. */
  static async agree(address: string, options?: ClientOptions): Promise<HostilePeer> {
    const peer = await HostilePeer.open(address, options);
    peer.say(HELLO);
    return peer;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(frame: Uint8Array): void {
    if (this.isOpen) this.socket.send(frame);
  }

  say(message: Message, body?: Uint8Array): void {
    this.send(frameOf(message, body));
  }

  /** The messages that came. */
  get heard(): Message[] {
    return this.frames.map((frame) => decodeFrame(frame, CODEC, "primary").message);
  }

  /** The first frame of this type, when it comes; `undefined` when the line ends before. */
  async frame(type: Message["type"]): Promise<Uint8Array | undefined> {
    for (;;) {
      const found = this.frames.find(
        (frame) => decodeFrame(frame, CODEC, "primary").message.type === type,
      );
      if (found !== undefined || !this.isOpen) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Acknowledges every batch, as soon as it comes. */
  acknowledge(): void {
    this.socket.on("message", (data: Buffer) => {
      const { message } = decodeFrame(Uint8Array.from(data), CODEC, "primary");
      if (message.type === "batch") this.say({ type: "ack", id: message.id, batch: message.batch });
    });
  }

  /** Does something soon after each refusal. */
  onRefusal(job: () => void): void {
    this.socket.on("message", (data: Buffer) => {
      const { message } = decodeFrame(Uint8Array.from(data), CODEC, "primary");
      if (message.type === "error") setTimeout(job, 5);
    });
  }

  /** Leaves without a word. */
  async leave(): Promise<void> {
    this.socket.terminate();
    await this.ended;
  }
}
