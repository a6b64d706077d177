import type { Edn } from "@datahike-sync/edn";
import { cases } from "@datahike-sync/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLAIN_STORE, SIEGE_LIMITS, WALKED_STORE } from "./besieged-terms.ts";
import { CODEC, frameOf, HostilePeer, SUBSCRIBE } from "./hostile-peer.ts";
import { Siege } from "./siege.ts";

const MIB = 2 ** 20;
const { engine, server } = SIEGE_LIMITS;
/** How often one line asks in a flood; a tenth of it in `npm test`. */
const ASKED = cases(2_000);
const STORES = [PLAIN_STORE, WALKED_STORE];

let siege: Siege;
beforeAll(async () => {
  siege = await Siege.begin();
});
afterAll(() => siege[Symbol.asyncDispose]());

describe("a primary goes on, and its neighbours with it, beside", () => {
  test.for([0, 2 ** 53 - 1])(
    "those who fill every place with a window of %d and acknowledge nothing",
    async (window, { annotate }) => {
      const { wrong, summary } = await siege.endure(32 * MIB, () =>
        crowd(6, async (peer, at) => {
          if (at % 2 === 0) peer.socket.pause();
          let id = 0;
          const ask = () => {
            id++;
            peer.say({ ...SUBSCRIBE, id, storeId: STORES[id % 2] ?? PLAIN_STORE, window });
          };
          peer.onRefusal(ask);
          while (id < engine.maxSubscriptions) ask();
          await Promise.race([peer.ended, pause(1.5 * engine.batchTimeoutMs)]);
        }),
      );
      expect(wrong).toEqual([]);
      await annotate(summary);
    },
  );

  test("those who subscribe and leave again without end", async ({ annotate }) => {
    const { wrong, summary } = await siege.endure(48 * MIB, () =>
      crowd(8, async (peer) => {
        for (let id = 1; id <= ASKED && peer.isOpen; id++) {
          peer.say({ ...SUBSCRIBE, id, storeId: STORES[id % 2] ?? PLAIN_STORE });
          if (id % 3 > 0) peer.say({ type: "unsubscribe", id });
          if (id % 50 === 0) await turn();
        }
      }),
    );
    expect(wrong).toEqual([]);
    await annotate(summary);
  });

  test("those who ask without end, and read no answer", async ({ annotate }) => {
    const { wrong, summary } = await siege.endure(4 * 2 * server.maxQueueBytes, () =>
      crowd(4, async (peer) => {
        peer.socket.pause();
        for (let id = 1; id <= 10 * ASKED && peer.isOpen; id++) {
          peer.say({ ...SUBSCRIBE, id });
          if (id % 500 === 0) await turn();
        }
      }),
    );
    expect(wrong).toEqual([]);
    await annotate(summary);
  });

  test("those who say at length where they stand, in all their subscriptions", async ({
    annotate,
  }) => {
    const tokens: Edn = Array.from({ length: 200_000 }, (_, i) => i % 100);
    expect(CODEC.encode(tokens).length).toBeLessThan(engine.maxFrameBytes);
    const have = { ...SUBSCRIBE.have, tokens };
    const frames = Array.from({ length: engine.maxSubscriptions }, (_, at) =>
      frameOf({ ...SUBSCRIBE, id: at + 1, have }),
    );
    const { wrong, summary } = await siege.endure(32 * MIB, () =>
      crowd(8, async (peer) => {
        peer.acknowledge();
        for (const frame of frames) {
          peer.send(frame);
          await turn();
        }
        await pause(1_000);
      }),
    );
    expect(wrong).toEqual([]);
    await annotate(summary);
  });

  test("those who send frames as large as they may, and larger", async ({ annotate }) => {
    const bytes = engine.maxFrameBytes;
    // What waits on a line, and the frame that is arriving.
    const held = 8 * (server.maxQueueBytes + server.maxFrameBytes);
    const { wrong, summary } = await siege.endure(held, () =>
      crowd(8, async (peer, at) => {
        const frame = new Uint8Array(at % 2 === 0 ? bytes : bytes + 1).fill(0xc0);
        frame.set(frameOf(SUBSCRIBE).subarray(0, 1));
        for (let count = 0; count < 8 && peer.isOpen; count++) {
          peer.send(frame);
          await turn();
        }
        await peer.ended;
      }),
    );
    expect(wrong).toEqual([]);
    await annotate(summary);
  });
});

/** So many at once, who leave without a word when they are done. */
async function crowd(
  count: number,
  attack: (peer: HostilePeer, at: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const peer = await HostilePeer.agree(siege.address);
      await attack(peer, at);
      await peer.leave();
    }),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
