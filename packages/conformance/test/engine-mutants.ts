/** Faults of the engine that the simulator has to see: each is one that looks like an improvement. */

export interface Mutant {
  readonly name: string;
  readonly changes: readonly TextChange[];
}

/** In a file of the core's sources; `find` occurs there exactly once. */
export interface TextChange {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [];
