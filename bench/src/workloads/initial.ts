/** Replicas that hold nothing. */
import type { Workload } from "./workload.ts";

/** One replica; `first-key` is when the first of its keys can be read. */
export const INITIAL: Workload = {
  name: "initial",
  round: async (pair, isSampling) => {
    await pair.openReplicas(1);
    let firstKeyMs: number | undefined;
    const sample = await pair.measure(isSampling, async () => {
      const connected = await pair.replica.ask("connect", pair.farAddress);
      firstKeyMs = connected.firstKeyMs;
      return { ms: connected.ms, perSecond: pair.served.keys / (connected.ms / 1000) };
    });
    return { initial: sample, "first-key": { ms: firstKeyMs ?? null } };
  },
};

/** Several replicas at once. */
export function fresh(replicas: number): Workload {
  const name = `fresh-${replicas}`;
  return {
    name,
    round: async (pair, isSampling) => {
      await pair.openReplicas(replicas);
      const sample = await pair.measure(isSampling, async () => {
        const { ms } = await pair.replica.ask("connect", pair.farAddress);
        return { ms, perSecond: (replicas * pair.served.keys) / (ms / 1000) };
      });
      return { [name]: sample };
    },
  };
}
