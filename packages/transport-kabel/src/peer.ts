/** Peers: who has an id, and lines to others, each behind the same middleware. */
import {
  type Clock,
  type Dialer,
  type OnWake,
  SYSTEM_CLOCK,
  SYSTEM_WAKE,
  type Transport,
  type TransportServer,
} from "@datahike-sync/core";
import { Listeners } from "@datahike-sync/core/store-parts";
import { randomUuid, type Uuid } from "@datahike-sync/edn";
import { Connection } from "./connection.ts";
import { type KabelLineOptions, kabelLine } from "./kabel-line.ts";
import { DialedLink, type Link } from "./link.ts";
import type { Middleware } from "./message-line.ts";

export interface PeerOptions extends KabelLineOptions {
  /** What others call this peer. Default: a random one. */
  readonly id?: Uuid | undefined;
  /** Wraps each line; `compose` makes one of several. Default: none. */
  readonly middleware?: Middleware | undefined;
  /** The first wait before a link dials again, and the longest. Default 250 and 30,000 milliseconds. */
  readonly backoffMs?: { readonly min: number; readonly max: number } | undefined;
  /** Default: the platform's. */
  readonly clock?: Clock | undefined;
  /** At least 0, below 1: spreads what many would do at once. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** When to dial again without waiting any longer. Default: when a page comes online or into view. */
  readonly onWake?: OnWake | undefined;
}

/** An id, and any number of lines to other peers. */
export class KabelPeer implements AsyncDisposable {
  readonly id: Uuid;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onWake: OnWake;
  readonly backoffMs: { readonly min: number; readonly max: number };
  readonly #options: PeerOptions;
  readonly #connections = new Set<Connection>();
  readonly #links = new Set<Link>();
  readonly #stops = new Set<() => void>();
  readonly #listeners = new Listeners<Connection>();
  #isClosed = false;

  constructor(options: PeerOptions = {}) {
    this.id = options.id ?? randomUuid();
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.random = options.random ?? Math.random;
    this.onWake = options.onWake ?? SYSTEM_WAKE;
    this.backoffMs = options.backoffMs ?? { min: 250, max: 30_000 };
    this.#options = options;
  }

  /** Those that are open. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Called for each new line of either kind, before any of its messages is lost. */
  onConnection(listener: (connection: Connection) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Speaks on a line that is there already. */
  accept(transport: Transport): Connection {
    const { middleware = (line) => line } = this.#options;
    const connection = new Connection(middleware(kabelLine(transport, this.#options)));
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
    if (this.#isClosed) void connection.close();
    else this.#listeners.tell(connection);
    return connection;
  }

  /** Takes every line that a server hands out. Returns what stops it; lines that are open stay. */
  serve(server: TransportServer): () => void {
    const stop = server.onConnection((transport) => this.accept(transport));
    this.#stops.add(stop);
    return stop;
  }

  /**
   * Dials once.
   *
   * @throws what the dialer throws.
   */
  async connect(
    dial: Dialer,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Connection> {
    return this.accept(await dial(options));
  }

  /** Dials, and again whenever the line ends, until the link is closed. */
  link(dial: Dialer): Link {
    const link: Link = new DialedLink(this, dial, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  }

  /** Takes and dials no more lines, and closes those that are open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    await Promise.all([...this.#links].map((link) => link.close()));
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A peer that takes the lines of a server, such as `listen` of transport-ws makes one. */
export function createServerPeer(server: TransportServer, options: PeerOptions = {}): KabelPeer {
  const peer = new KabelPeer(options);
  peer.serve(server);
  return peer;
}

/** A peer that dials. */
export function createClientPeer(options: PeerOptions = {}): KabelPeer {
  return new KabelPeer(options);
}

/** Opens one line of a peer, which is not opened again; `peer.link` gives one that is. */
export function connect(
  peer: KabelPeer,
  dial: Dialer,
  options?: { readonly signal?: AbortSignal | undefined },
): Promise<Connection> {
  return peer.connect(dial, options);
}
