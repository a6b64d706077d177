/** What a primary under attack and its tests agree on: stores and limits, small so that they are met. */
import { type Uuid, uuid } from "@datahike-sync/edn";

export const PLAIN_STORE: Uuid = uuid("11111111-dd20-5274-9050-b5d76d77a9ab");
export const WALKED_STORE: Uuid = uuid("22222222-dd20-5274-9050-b5d76d77a9ab");
export const FORBIDDEN_STORE: Uuid = uuid("33333333-dd20-5274-9050-b5d76d77a9ab");
export const UNKNOWN_STORE: Uuid = uuid("44444444-dd20-5274-9050-b5d76d77a9ab");

/** The key in the plain store that counts its commits. */
export const TICK = "tick";

const MIB = 2 ** 20;

export const SIEGE_LIMITS = {
  engine: {
    batchBytes: 64 * 1024,
    maxFrameBytes: MIB,
    windowBytes: MIB,
    queueBytes: MIB,
    maxCatchingUp: 8,
    maxSubscriptions: 16,
    helloTimeoutMs: 1_000,
    batchTimeoutMs: 1_000,
    pingMs: 1_000,
  },
  server: { maxFrameBytes: MIB, maxQueueBytes: 4 * MIB, maxLines: 200, pingMs: 1_000 },
};
