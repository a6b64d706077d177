/** Stores of which every call waits, before it is made and again before its result is told. */
import type { Store } from "@datahike-sync/core";
import type { Random } from "@datahike-sync/testing";

/** Lets one of those that wait go on, chosen by the seed. */
export class Gate {
  readonly #random: Random;
  #waiting: (() => void)[] = [];
  #isOpen = false;

  constructor(random: Random) {
    this.#random = random;
  }

  get count(): number {
    return this.#waiting.length;
  }

  pass(): Promise<void> {
    if (this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Returns false when nobody waits. */
  step(): boolean {
    if (this.#waiting.length === 0) return false;
    const [next] = this.#waiting.splice(this.#random.below(this.#waiting.length), 1);
    next?.();
    return true;
  }

  /** From now on nobody waits. */
  open(): void {
    this.#isOpen = true;
    for (const next of this.#waiting.splice(0)) next();
  }
}

/** When a call fails: before it is made, or when it has been made. */
export type Fault = (name: string) => "before" | "after" | undefined;

export interface GatedOptions {
  readonly fault: Fault;
  /** Told when a value was read. */
  readonly onValue?: (() => void) | undefined;
}

/** The store behind a gate. Its changes keep their order, as a store promises; its reads overtake them. */
export function gated(store: Store, gate: Gate, { fault, onValue }: GatedOptions): Store {
  let tail: Promise<unknown> = Promise.resolve();
  const call = async (name: string, job: () => Promise<unknown>) => {
    const when = fault(name);
    if (when === "before") throw new Error(`${name} has failed`);
    const result = await job();
    if (when === "after") throw new Error(`${name} has failed, and was made`);
    return result;
  };
  return new Proxy(store, {
    get(_, name) {
      const member: unknown = Reflect.get(store, name);
      if (typeof name !== "string" || typeof member !== "function") return member;
      const real = (args: unknown[]): Promise<unknown> => Reflect.apply(member, store, args);
      if (READS.has(name)) {
        return async (...args: unknown[]) => {
          await gate.pass();
          try {
            const value = await call(name, () => real(args));
            if (VALUES.has(name) && isFound(value)) onValue?.();
            return value;
          } finally {
            await gate.pass();
          }
        };
      }
      if (CHANGES.has(name)) {
        return async (...args: unknown[]) => {
          const made = tail.then(() => gate.pass()).then(() => call(name, () => real(args)));
          tail = made.catch(() => undefined);
          try {
            return await made;
          } finally {
            await gate.pass();
          }
        };
      }
      return (...args: unknown[]) => Reflect.apply(member, store, args) as unknown;
    },
  });
}

function isFound(value: unknown): boolean {
  return Array.isArray(value) ? value.some(isFound) : value !== undefined;
}

const READS: ReadonlySet<string> = new Set([
  "get",
  "getMany",
  "readMany",
  "getMeta",
  "has",
  "changes",
  "feed",
  "standing",
]);

const CHANGES: ReadonlySet<string> = new Set(["set", "delete", "update", "write"]);

const VALUES: ReadonlySet<string> = new Set(["get", "getMany"]);
