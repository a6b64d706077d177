/** Finds lines whose other end is gone without a word. */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/** So many pings may stay unanswered. */
const MAX_PINGS = 2;

/** What one line looked like when it was last looked at. */
interface Pulse {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly onDead: () => void;
  bytesRead: number;
  bufferedBytes: number;
  pings: number;
}

/** Pings lines of which nothing was heard, from one timer, however many there are. */
export class Heartbeat {
  readonly #pulses = new Set<Pulse>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pingMs: number) {
    this.#timer = setInterval(() => this.#look(), pingMs);
    // It keeps nothing alive that is not alive by itself.
    this.#timer.unref();
  }

  /** Watches a line. Returns what stops it. */
  watch(webSocket: WebSocket, socket: Socket, onDead: () => void): () => void {
    const pulse = { webSocket, socket, onDead, bytesRead: 0, bufferedBytes: 0, pings: 0 };
    this.#pulses.add(pulse);
    return () => {
      this.#pulses.delete(pulse);
    };
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const pulse of this.#pulses) {
      const { webSocket, socket } = pulse;
      const { bytesRead } = socket;
      const { bufferedAmount } = webSocket;
      // Bytes that go are as good as bytes that come: a pong waits behind all that is on its way there.
      const isAlive = bytesRead > pulse.bytesRead || bufferedAmount < pulse.bufferedBytes;
      pulse.bytesRead = bytesRead;
      pulse.bufferedBytes = bufferedAmount;
      // Who is not read cannot be heard.
      if (isAlive || webSocket.isPaused) {
        pulse.pings = 0;
      } else if (pulse.pings === MAX_PINGS) {
        pulse.onDead();
      } else {
        pulse.pings++;
        if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
      }
    }
  }
}
