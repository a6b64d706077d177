import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { KeyCount } from "../src/relay/key-count.ts";
import { Relay, type RelayOptions } from "../src/relay/relay.ts";

const FAST = Number.POSITIVE_INFINITY;
/** What the system says of a line that was broken. */
const BROKEN = /ECONNRESET|EPIPE/;

test("what goes through a long and narrow line comes out whole, and no sooner than it may", async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251);
  await using echo = await EchoServer.open();
  await using relay = await openRelay(echo, { rttMs: 40, bytesPerSecond: 1e6 });
  const startMs = performance.now();
  const back = await sendAndReceive(relay.port, bytes);
  expect(Buffer.compare(back, bytes)).toBe(0);
  // The last byte waits for all others once: each direction takes those that the other has let through.
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(200 + 40 - 1);
});

test("delay alone holds nothing up: a line that is long takes all at once", async () => {
  await using echo = await EchoServer.open();
  await using relay = await openRelay(echo, { rttMs: 30, bytesPerSecond: FAST });
  const back = await sendAndReceive(relay.port, new Uint8Array(2 ** 22));
  expect(back.length).toBe(2 ** 22);
});

test("a relay breaks its lines after so many bytes, and takes others when it is mended", async () => {
  await using echo = await EchoServer.open();
  await using relay = await openRelay(echo, { rttMs: 0, bytesPerSecond: FAST });
  const cut = relay.cutAfter(1000);
  await expect(sendAndReceive(relay.port, new Uint8Array(100_000))).rejects.toThrow(BROKEN);
  await cut;
  await expect(sendAndReceive(relay.port, new Uint8Array(10))).rejects.toThrow(BROKEN);
  relay.mend();
  expect((await sendAndReceive(relay.port, new Uint8Array(10))).length).toBe(10);
});

test("keys are counted wherever the line cuts them", () => {
  const text = "..key-0000001....key-0000002key-0000001..key-00";
  for (let at = 0; at <= text.length; at++) {
    const keys = new KeyCount("key-", 7);
    keys.add(Buffer.from(text.slice(0, at)));
    keys.add(Buffer.from(text.slice(at)));
    expect(keys.again).toBe(1);
  }
});

class EchoServer implements AsyncDisposable {
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });

  static async open(): Promise<EchoServer> {
    const server = new EchoServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function openRelay(
  { port }: EchoServer,
  options: Pick<RelayOptions, "rttMs" | "bytesPerSecond">,
): Promise<Relay> {
  return Relay.open({ port, ...options });
}

/** All that comes back of what was sent, until the line ends in order. */
function sendAndReceive(port: number, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket: Socket = connect(port, "127.0.0.1");
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks)));
    socket.end(bytes);
  });
}
