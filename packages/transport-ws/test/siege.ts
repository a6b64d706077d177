/** What tests of hostile peers begin with: a primary in a process of its own, and an honest neighbour. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type Subscription } from "@datahike-sync/core";
import type { Uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChildProgram } from "@datahike-sync/testing/kill";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { PLAIN_STORE, SIEGE_LIMITS, TICK, WALKED_STORE } from "./besieged-terms.ts";

/** How a primary is. */
export interface Health {
  /** Of its heap, and of the buffers beside it, after the garbage is gone. */
  readonly bytes: number;
  readonly lines: number;
  readonly subscribers: number;
  /** How often it has committed. */
  readonly ticks: number;
  /** What it holds to be faults of its own. */
  readonly faults: readonly string[];
}

/** What came of an attack. */
export interface Ordeal {
  /** What should not have been; nothing, if all is well. */
  readonly wrong: readonly string[];
  /** How much the primary held. */
  readonly summary: string;
}

export class Siege implements AsyncDisposable {
  readonly address: string;
  readonly #control: string;
  readonly #end: () => Promise<void>;
  #bytesAtPeace = 0;

  private constructor(address: string, control: string, end: () => Promise<void>) {
    this.address = address;
    this.#control = control;
    this.#end = end;
  }

  static async begin(): Promise<Siege> {
    const program = await ChildProgram.make(new URL("./besieged.ts", import.meta.url));
    const child = program.start();
    const end = async () => {
      child.kill();
      await child.ended;
      await program[Symbol.asyncDispose]();
    };
    for await (const line of child.lines()) {
      // `as`: what the program says first.
      const [address, control] = JSON.parse(line) as [string, string];
      const siege = new Siege(address, control, end);
      // A first sync, so that what is made once is made.
      await siege.neighbour();
      siege.#bytesAtPeace = (await siege.settled()).bytes;
      return siege;
    }
    const { complaint } = await child.ended;
    throw new Error(`the primary did not begin: ${complaint}`);
  }

  async health(): Promise<Health> {
    const response = await fetch(this.#control);
    return (await response.json()) as Health;
  }

  /** How it is when nobody is there any more; soon after, when it holds no more than `bytes`. */
  async settled(bytes = Number.POSITIVE_INFINITY): Promise<Health> {
    for (let looks = 0; ; looks++) {
      const health = await this.health();
      const isAlone = health.lines === 0 && health.subscribers === 0;
      // What the system has still to give back is not gone with the line.
      if (isAlone && (health.bytes < bytes || looks > MAX_LOOKS)) return health;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Somebody honest comes, catches up with both stores, and is told of commits. */
  async neighbour(): Promise<void> {
    const context = createSyncContext({
      codec: msgpackCodec(),
      limits: { ...SIEGE_LIMITS.engine, backoffMinMs: 1, backoffMaxMs: 100 },
    });
    const dialer = wsDialer(this.address, { WebSocket: NodeWebSocket });
    const follow = async (storeId: Uuid): Promise<[MemoryStore, Subscription]> => {
      const store = await MemoryStore.open({ codec: msgpackCodec() });
      return [store, context.subscribe(dialer, storeId, store)];
    };
    try {
      const [plain, one] = await follow(PLAIN_STORE);
      const [, two] = await follow(WALKED_STORE);
      await Promise.all([one.synced(), two.synced()]);
      await Promise.all([steps(one, 2), steps(two, 2)]);
      if ((await plain.get(TICK)) === undefined)
        throw new Error("a neighbour was not told of a tick");
    } finally {
      await context.close();
    }
  }

  /**
   * Runs an attack, again and again until somebody honest has come, caught up and followed meanwhile.
   * Wrong is when the primary holds more than `maxBytes` beyond what it holds in peace, holds something
   * when the attackers have left, or meets a fault of its own.
   */
  async endure(maxBytes: number, attack: () => Promise<unknown>): Promise<Ordeal> {
    let isOver = false;
    const neighbour = this.neighbour().finally(() => {
      isOver = true;
    });
    const attacks = async () => {
      do await attack();
      while (!isOver);
    };
    const attacked = attacks();
    const most = await this.#mostUntil(attacked);
    await Promise.all([attacked, neighbour]);
    const { bytes, faults } = await this.settled(this.#bytesAtPeace + LEFT_BYTES);
    const [held, left] = [most - this.#bytesAtPeace, bytes - this.#bytesAtPeace];
    const wrong = faults.slice();
    if (held > maxBytes) wrong.push(`${held} bytes were held`);
    if (left > LEFT_BYTES) wrong.push(`${left} bytes were left`);
    return { wrong, summary: `held at most ${(held / MIB).toFixed(1)} of ${maxBytes / MIB} MiB` };
  }

  /** The most bytes that it holds until something is over. */
  async #mostUntil(over: Promise<unknown>): Promise<number> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    over.then(end, end);
    let most = 0;
    while (!isOver) {
      most = Math.max(most, (await this.health()).bytes);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return most;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

const MIB = 2 ** 20;

/** How often it is asked what it holds, which costs it a collection of garbage. */
const LOOK_MS = 100;
const MAX_LOOKS = 50;

/** What grows with the primary's own commits, and code that was compiled meanwhile. */
const LEFT_BYTES = 8 * MIB;

/** Resolves when so many steps more have come. */
function steps(subscription: Subscription, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    const stop = subscription.on({
      onStep: () => {
        left--;
        if (left > 0) return;
        stop();
        resolve();
      },
    });
  });
}
