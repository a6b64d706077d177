import { cases, Random, seed } from "@datahike-sync/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HostileFrames } from "./hostile-frames.ts";
import { HostilePeer } from "./hostile-peer.ts";
import { Siege } from "./siege.ts";

/** A tenth of them in `npm test`. */
const FRAMES = cases(100_000);
const LINES_AT_ONCE = 8;
const MAX_BYTES = 32 * 2 ** 20;

let siege: Siege;
beforeAll(async () => {
  siege = await Siege.begin();
});
afterAll(() => siege[Symbol.asyncDispose]());

test(`whatever frames come, a primary goes on, and keeps nothing of them (seed ${seed})`, async ({
  annotate,
}) => {
  let line = 0;
  let frames = 0;
  const attack = async () => {
    for (let lines = 0; lines < 16; lines++) {
      const sent = await sendSome(siege.address, line++);
      frames += sent;
    }
  };
  while (frames < FRAMES) {
    const { wrong, summary } = await siege.endure(MAX_BYTES, () =>
      Promise.all(Array.from({ length: LINES_AT_ONCE }, attack)),
    );
    expect(wrong).toEqual([]);
    await annotate(`${frames} frames on ${line} lines: ${summary}`);
  }
}, 2_000_000);

/** One line: frames that keep to the form, then those that do not. Resolves to how many were sent. */
async function sendSome(address: string, line: number): Promise<number> {
  const random = new Random(line, seed);
  const frames = new HostileFrames(random);
  const isRude = random.below(20) === 0;
  const peer = await (isRude ? HostilePeer.open(address) : HostilePeer.agree(address));
  let sent = 0;
  for (let formed = random.below(40); formed > 0; formed--, sent++) peer.send(frames.formed());
  for (let broken = 1 + random.below(4); broken > 0; broken--, sent++) peer.send(frames.broken());
  // Some leave in the middle of it.
  if (random.below(4) === 0) peer.socket.terminate();
  else peer.socket.close();
  await peer.ended;
  return sent;
}
