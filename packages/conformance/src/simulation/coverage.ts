/** What runs have met, counted by name. */

export class Coverage {
  readonly #counts = new Map<string, number>();

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  count(name: string, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  add(other: Coverage): void {
    for (const [name, times] of other.counts) this.count(name, times);
  }
}

/** What was met too seldom in so many runs. */
export function lacking(coverage: Coverage, runs: number, medianTrace: number): string[] {
  const wrong = Object.entries(LEAST_PER_HUNDRED).flatMap(([name, least]) => {
    const count = coverage.counts.get(name) ?? 0;
    const due = Math.floor((least * runs) / 100);
    return count < due ? [`${name}: ${count} instead of ${due}`] : [];
  });
  if (medianTrace < MEDIAN_TRACE) wrong.push(`median trace: ${medianTrace} events`);
  return wrong;
}

const MEDIAN_TRACE = 200;

/** How often each must be met in a hundred runs: well below what is usual, well above nothing. */
const LEAST_PER_HUNDRED: Readonly<Record<string, number>> = {
  "action: another tab": 22,
  "action: await cursor": 32,
  "action: backup": 15,
  "action: big value": 33,
  "action: burst": 48,
  "action: clock set": 16,
  "action: compaction": 30,
  "action: crash in a step": 23,
  "action: crash of a follower": 38,
  "action: crash of a primary": 23,
  "action: cut": 35,
  "action: cut at a message": 53,
  "action: delete branch": 32,
  "action: delete cell": 57,
  "action: end of a tab": 4,
  "action: force branch": 31,
  "action: garbage collection": 76,
  "action: half-open line": 17,
  "action: old root": 41,
  "action: one": 113,
  "action: outage": 11,
  "action: own write of a follower": 34,
  "action: pair": 83,
  "action: prune": 11,
  "action: repair": 17,
  "action: restore": 5,
  "action: rights changed": 24,
  "action: slow line": 23,
  "action: subscribe again": 42,
  "action: synced": 25,
  "action: transaction": 251,
  "action: unregister": 7,
  "action: verify": 25,
  "action: written again": 51,
  "event: catching-up": 573,
  "event: cursor-moved": 40,
  "event: failed": 52,
  "event: key-is-local": 45,
  "event: line-closed": 403,
  "event: line-opened": 471,
  "event: live": 519,
  "event: pinned-again": 3,
  "event: pruned": 45,
  "event: recycled": 10,
  "event: refused": 27,
  "event: resync": 75,
  "event: step": 598,
  "event: subscribed": 533,
  "fault: crash in a step": 1,
  "fault: cut at batch": 10,
  "fault: cut at hello": 1.5,
  "fault: cut at subscribe": 1.3,
  "fault: cut at subscribed": 1.3,
  "fault: late frame": 62,
  "fault: lost ack": 6,
  "kind: plain": 15,
  "kind: recycling": 5,
  "kind: walker": 14,
  "plan: all": 36,
  "plan: changes": 47,
  "plan: diff": 198,
  "plan: reconcile": 64,
  "shape: chain": 1.6,
  "shape: loop": 1.1,
  "shape: many": 3,
  "shape: one": 15,
  "shape: relay": 5,
  "shape: tabs": 6,
  "shape: two": 3,
  "wire: cut": 347,
  "wire: delete": 71,
  "wire: early": 22,
  "wire: error ACK_TIMEOUT": 4,
  "wire: error HEARTBEAT_TIMEOUT": 6,
  "wire: error RETRY_LATER": 36,
  "wire: error STORE_NOT_FOUND": 27,
  "wire: live step": 588,
  "wire: node delete": 80,
  "wire: origin": 207,
  "wire: part": 181,
  "wire: position brought back": 17,
  "wire: ranges": 129,
  "wire: recycled": 389,
  "wire: resync FEED_TRUNCATED": 12,
  "wire: resync SLOW_REPLICA": 32,
  "wire: tokens brought back": 82,
  "wire: whole offer": 102,
};
