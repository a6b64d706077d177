/** Random cases whose failure says what was wrong before it says with what. */
import fc from "fast-check";

/** How many random cases there are, and where they begin. */
export interface RandomParameters {
  readonly numRuns: number;
  readonly seed?: number;
}

/**
 * Runs a check with random values, and with simpler ones when it fails.
 *
 * @param show The counterexample in a few words. Default: as fast-check shows it.
 */
export async function forAll<T>(
  values: fc.Arbitrary<T>,
  parameters: RandomParameters,
  run: (value: T) => void | Promise<void>,
  show: (value: T) => string = fc.stringify,
): Promise<void> {
  const property = fc.asyncProperty(values, async (value) => {
    await run(value);
  });
  const { failed, errorInstance, counterexample, seed, counterexamplePath } = await fc.check(
    property,
    parameters,
  );
  if (!failed) return;
  const reason = errorInstance instanceof Error ? errorInstance.message : "no error was thrown";
  const example = counterexample === null ? "" : ` with ${show(counterexample[0])}`;
  const repeat = `seed ${seed}, path ${JSON.stringify(counterexamplePath)}`;
  throw new Error(`${reason}${example} (${repeat})`, { cause: errorInstance });
}
