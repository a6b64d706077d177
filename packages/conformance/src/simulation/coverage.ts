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
const LEAST_PER_HUNDRED: Readonly<Record<string, number>> = {};
