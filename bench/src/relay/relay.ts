/** A TCP relay that makes a line longer and narrower, and breaks it on demand. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { KeyCount } from "./key-count.ts";
import { Link } from "./link.ts";

export interface RelayOptions {
  /** The port on the loopback interface that lines lead to. */
  readonly port: number;
  /** Added to each round trip, half in each direction. TCP's own handshake stays what it is. */
  readonly rttMs: number;
  /** Of each line, in each direction. `Infinity` for no bound. */
  readonly bytesPerSecond: number;
}

/** Each line has a link of its own, as replicas in different places have. */
export class Relay implements AsyncDisposable {
  readonly #options: RelayOptions;
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  /** Lines are broken when so much has come down since this was set. */
  #cut: { downBytes: number; readonly onCut: () => void } | undefined;
  #isCut = false;
  #keys: KeyCount | undefined;

  private constructor(options: RelayOptions, server: Server) {
    this.#options = options;
    this.#server = server;
    server.on("connection", (socket) => this.#open(socket));
  }

  static async open(options: RelayOptions): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new Relay(options, server);
  }

  get port(): number {
    // `as`: it listens on a port, not on a path.
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Breaks all lines when so many bytes have come down from now on, and takes no others until it is
   * mended. What was on its way is lost. Resolves when it has.
   */
  cutAfter(downBytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cut = { downBytes, onCut: resolve };
    });
  }

  /** Counts the keys that come down from now on. */
  countKeys(keys: KeyCount): void {
    this.#keys = keys;
  }

  /** Takes lines again after a cut. */
  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.#cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(replica: Socket): void {
    if (this.#isCut) {
      reset(replica);
      return;
    }
    const { port } = this.#options;
    const primary = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const line = new Line(primary, replica, this.#options, (bytes) => this.#onDown(bytes));
    this.#lines.add(line);
    line.onEnd(() => this.#lines.delete(line));
  }

  #onDown(bytes: Uint8Array): void {
    this.#keys?.add(bytes);
    if (this.#cut === undefined) return;
    this.#cut.downBytes -= bytes.length;
    if (this.#cut.downBytes > 0) return;
    const { onCut } = this.#cut;
    this.#cut = undefined;
    this.#isCut = true;
    this.#cutAll();
    onCut();
  }

  #cutAll(): void {
    for (const line of this.#lines) line.cut();
    this.#lines.clear();
    this.#keys?.reset();
  }
}

class Line {
  readonly #sockets: readonly [primary: Socket, replica: Socket];
  readonly #links: readonly Link[];

  constructor(
    primary: Socket,
    replica: Socket,
    options: RelayOptions,
    onDown: (bytes: Uint8Array) => void,
  ) {
    this.#sockets = [primary, replica];
    this.#links = [
      join(primary, replica, options, onDown),
      join(replica, primary, options, () => undefined),
    ];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      // What one side loses, the other has lost too.
      socket.on("error", () => this.cut());
    }
  }

  /** Calls back when neither side has a socket any more. */
  onEnd(listener: () => void): void {
    for (const socket of this.#sockets) {
      socket.once("close", () => {
        if (this.#sockets.every(({ closed }) => closed)) listener();
      });
    }
  }

  cut(): void {
    for (const link of this.#links) link.cut();
    for (const socket of this.#sockets) reset(socket);
  }
}

/** Breaks a connection. */
function reset(socket: Socket): void {
  // Node never closes one that it is to reset while it ends, and never exits then.
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Carries what one socket gives to the other. */
function join(
  from: Socket,
  to: Socket,
  { rttMs, bytesPerSecond }: RelayOptions,
  onBytes: (bytes: Uint8Array) => void,
): Link {
  let hasRoom = true;
  const goOn = (): void => {
    if (hasRoom && !to.writableNeedDrain) from.resume();
  };
  const link = new Link({
    delayMs: rttMs / 2,
    bytesPerMs: bytesPerSecond / 1000,
    deliver: (bytes) => {
      if (to.destroyed) return;
      // Whoever does not read holds up whoever writes, as without a relay.
      if (!to.write(bytes)) from.pause();
      onBytes(bytes);
    },
    onRoom: () => {
      hasRoom = true;
      goOn();
    },
  });
  from.on("data", (bytes: Uint8Array) => {
    hasRoom = link.push(bytes);
    if (!hasRoom) from.pause();
  });
  to.on("drain", goOn);
  from.on("end", () => link.end(() => to.end()));
  // One that waits for room would never learn that the other end has left.
  to.on("close", () => from.resume());
  return link;
}
