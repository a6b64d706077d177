/** A server of topics, and clients that say and hear single messages, as a Clojure peer would. */

import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import type { Codec, SyncLimits, Transport } from "@datahike-sync/core";
import { type Edn, EdnMap, EdnSet, keyword, print, randomUuid, read } from "@datahike-sync/edn";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  KabelPeer,
  kabelLine,
  type MessageLine,
  type Middleware,
  TopicServer,
} from "@datahike-sync/transport-kabel";
import { onTestFinished } from "vitest";

export interface ServerEnds {
  readonly peer: KabelPeer;
  readonly topics: TopicServer;
  readonly network: ChannelServer;
  /** A line to the server, of somebody. */
  readonly dial: (principal?: unknown) => Promise<Client>;
}

export interface ServerEndsOptions {
  readonly codec?: Codec | undefined;
  readonly middleware?: Middleware | undefined;
  readonly limits?: Partial<SyncLimits> | undefined;
  /** What the server writes to the line may wait so far. */
  readonly maxQueueBytes?: number | undefined;
}

export function serveTopics(options: ServerEndsOptions = {}): ServerEnds {
  const { codec = fressianCodec({ handlers: fressianHandlers() }), middleware, limits } = options;
  const { maxQueueBytes = 64 * 2 ** 20 } = options;
  const network = new ChannelServer({}, { maxQueueBytes });
  const peer = new KabelPeer({ codecs: [codec], hello: false, middleware });
  const topics = new TopicServer({ codec: msgpackCodec(), limits: { ...limits } });
  topics.serve(peer);
  peer.serve(network);
  onTestFinished(async () => {
    await topics.close();
    await peer.close();
  });
  const dial = async (principal?: unknown) => {
    const transport = await network.dialAs(principal)();
    return new Client(transport, codec);
  };
  return { peer, topics, network, dial };
}

/** The other end of a line, whose user waits for what it says. */
export class Client {
  readonly transport: Transport;
  readonly line: MessageLine;
  /** Everything that came, the oldest first. */
  readonly heard: EdnMap[] = [];
  #at = 0;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(transport: Transport, codec: Codec) {
    this.transport = transport;
    this.line = kabelLine(transport, { codecs: [codec], hello: false });
    this.line.onMessage((message) => {
      this.heard.push(message);
      this.#wake();
    });
    this.line.onClose(() => {
      this.#isClosed = true;
      this.#wake();
    });
    onTestFinished(() => transport.close());
  }

  /** Says what this text, or this map, is. */
  async say(message: string | EdnMap): Promise<void> {
    const map = typeof message === "string" ? read(message) : message;
    if (!(map instanceof EdnMap)) throw new TypeError("a message is a map");
    await this.line.send(map);
  }

  /** The next message, or `undefined` where the line ends instead. */
  async hear(): Promise<EdnMap | undefined> {
    for (;;) {
      const message = this.heard[this.#at];
      if (message !== undefined) {
        this.#at++;
        return message;
      }
      if (this.#isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All up to the first of a type, which is the last of them. */
  async hearUntil(type: string): Promise<EdnMap[]> {
    const heard: EdnMap[] = [];
    for (;;) {
      const message = await this.hear();
      if (message === undefined) throw new Error(`the line ended before ${type}`);
      heard.push(message);
      if (typeOf(message) === type) return heard;
    }
  }

  /** A whole handshake of 2026, each batch acknowledged. */
  async subscribe(topic: Edn, state: Edn = new EdnMap()): Promise<Handshake> {
    await this.say(subscribeMessage([[topic, state]]));
    const items: EdnMap[] = [];
    const batches: number[] = [];
    const published: EdnMap[] = [];
    for (;;) {
      const message = await this.hear();
      if (message === undefined) throw new Error("the line ended in a handshake");
      const type = typeOf(message);
      if (type === ":pubsub/handshake-data") items.push(mapAt(message, "data"));
      if (type === ":pubsub/publish") published.push(mapAt(message, "payload"));
      if (type === ":pubsub/handshake-batch-complete") {
        batches.push(Number(message.get(keyword("item-count"))));
        await this.say(ackMessage(message));
      }
      if (type === ":pubsub/subscribe-ack") {
        const topics = message.get(keyword("topics"));
        return {
          items,
          batches,
          published,
          isSubscribed: topics instanceof EdnSet && topics.has(topic),
        };
      }
    }
  }
}

export interface Handshake {
  readonly items: readonly EdnMap[];
  /** How many items each batch had. */
  readonly batches: readonly number[];
  /** What came before the subscription was acknowledged. */
  readonly published: readonly EdnMap[];
  readonly isSubscribed: boolean;
}

export function subscribeMessage(topics: readonly (readonly [topic: Edn, state: Edn])[]): EdnMap {
  return new EdnMap([
    [keyword("type"), keyword("pubsub/subscribe")],
    [keyword("id"), randomUuid()],
    [keyword("topics"), new EdnSet(topics.map(([topic]) => topic))],
    [keyword("client-states"), new EdnMap(topics)],
  ]);
}

/** The answer to a marker. */
export function ackMessage(marker: EdnMap): EdnMap {
  return new EdnMap([
    [keyword("type"), keyword("pubsub/handshake-ack")],
    [keyword("topic"), marker.get(keyword("topic")) ?? null],
    [keyword("batch-idx"), marker.get(keyword("batch-idx")) ?? null],
  ]);
}

export function typeOf(message: EdnMap): string {
  return print(message.get(keyword("type")) ?? null);
}

export function mapAt(message: EdnMap, field: string): EdnMap {
  const value = message.get(keyword(field));
  if (!(value instanceof EdnMap)) throw new TypeError(`${field} is no map`);
  return value;
}

/** Messages and items as text, for comparisons that are easy to read. */
export function texts(values: readonly Edn[]): string[] {
  return values.map((value) => print(value));
}
