/** Frames as a hostile replica sends them: real ones, out of order, with lies, damaged. */
import type { Message } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import { mutate, type Random } from "@datahike-sync/testing";
import {
  FORBIDDEN_STORE,
  PLAIN_STORE,
  SIEGE_LIMITS,
  UNKNOWN_STORE,
  WALKED_STORE,
} from "./besieged-terms.ts";
import { frameOf, HELLO, SUBSCRIBE } from "./hostile-peer.ts";

/** What one line is sent, in order. Ids go up often enough for some of it to be heard. */
export class HostileFrames {
  readonly #random: Random;
  #id = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One that keeps to the form. Whether it has its place chance says. */
  formed(): Uint8Array {
    return frameOf(this.#message());
  }

  /** One that may keep to nothing. */
  broken(): Uint8Array {
    const random = this.#random;
    const real = this.formed();
    switch (random.below(6)) {
      case 0:
        return real.subarray(0, random.below(real.length));
      case 1:
        return Uint8Array.from({ length: random.below(64) }, () => random.below(256));
      case 2:
        return nested(real[0] ?? 0, 1 + random.below(100_000), random.pick([0x91, 0x81, 0xc7]));
      case 3:
        return promising(real[0] ?? 0, random);
      case 4:
        return frameOf(random.pick(OF_PRIMARIES), new Uint8Array(random.below(100)));
      default:
        return mutate(real, random);
    }
  }

  #message(): Message {
    const random = this.#random;
    const id = this.#someId();
    switch (random.below(16)) {
      case 0:
        return { type: "ack", id, batch: random.pick([1, 1, 1, 1, 2, 7, 0, 2 ** 53 - 1]) };
      case 1:
        return {
          type: "need",
          id,
          keys: Array.from({ length: random.below(4) }, () => this.#edn()),
        };
      case 2:
        return { type: "unsubscribe", id };
      case 3:
        return { type: "reconcile", id, ranges: this.#edn() };
      case 4:
        return { type: "pong" };
      case 5:
        return random.below(20) === 0 ? HELLO : { type: "unsubscribe", id };
      case 6: {
        const failure = { code: "INTERNAL", message: "no", retryable: true, afterMs: undefined };
        return { type: "error", id: random.below(10) === 0 ? undefined : id, ...failure };
      }
      default:
        return this.#subscribe();
    }
  }

  #subscribe(): Message {
    const random = this.#random;
    if (random.below(40) > 0) this.#id++;
    const some = <T>(value: T) => (random.below(2) === 0 ? value : undefined);
    return {
      ...SUBSCRIBE,
      id: this.#id,
      storeId: random.pick([PLAIN_STORE, WALKED_STORE, FORBIDDEN_STORE, UNKNOWN_STORE]),
      select: random.below(4) === 0 ? this.#edn() : null,
      have: {
        cursor: some({ era: random.pick(["", "e", "0".repeat(32)]), seq: random.below(5_000) }),
        selection: some(PLAIN_STORE),
        tokens: some(this.#edn()),
        position: some(this.#edn()),
      },
      window: random.pick([0, 1, 5_000, SIEGE_LIMITS.engine.windowBytes, 2 ** 53 - 1]),
    };
  }

  #someId(): number {
    return this.#random.below(40) === 0 ? this.#random.pick([0, 99, 2 ** 53 - 1]) : this.#id;
  }

  /** Some value, of which those with a place in tokens, positions and ranges are likely. */
  #edn(depth = 0): Edn {
    const random = this.#random;
    if (depth < 4 && random.below(2) === 0) {
      return Array.from({ length: random.below(5) }, () => this.#edn(depth + 1));
    }
    return random.pick<Exclude<Edn, null>>([
      0,
      -1,
      2 ** 53 - 1,
      0.5,
      2n ** 70n,
      "",
      "list",
      "entry 1",
      "__proto__",
      true,
      PLAIN_STORE,
      new Uint8Array(8),
    ]);
  }
}

/** What only a primary says. */
const OF_PRIMARIES: readonly Message[] = [
  { type: "ping" },
  { type: "complete", id: 1, cursor: { era: "e", seq: 1 } },
  { type: "resync", id: 1, reason: "SLOW_REPLICA" },
];

/** A head of containers, each the only thing in the one before. */
function nested(id: number, depth: number, container: number): Uint8Array {
  return headed(id, new Uint8Array(depth).fill(container));
}

/** A head that says that more follows than does. */
function promising(id: number, random: Random): Uint8Array {
  const container = random.pick([0xdd, 0xdf, 0xdb, 0xc6, 0xc9]);
  return headed(id, Uint8Array.of(container, 0xff, 0xff, 0xff, 0xff, 0xc0));
}

/** A frame with any bytes as its head. */
function headed(id: number, head: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = head.length;
  for (; rest > 0x7f; rest >>= 7) length.push(0x80 | (rest & 0x7f));
  return Buffer.concat([Uint8Array.of(id, ...length, rest), head]);
}
