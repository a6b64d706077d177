/** A store that remembers what it was asked. */
import type { Store } from "@datahike-sync/core";

export interface Observed {
  readonly store: Store;
  /** The names of the calls since this was emptied, those that read or write. */
  readonly calls: string[];
  /** What all calls wait for, as long as it is set. */
  held: Promise<void> | undefined;
  /** What calls of such a name fail with, as long as it is set. */
  failure: ((name: string) => Error | undefined) | undefined;
}

export function observed(real: Store): Observed {
  const observer: Observed = {
    calls: [],
    held: undefined,
    failure: undefined,
    store: new Proxy(real, {
      get(_, name) {
        const member: unknown = Reflect.get(real, name);
        if (typeof name !== "string" || typeof member !== "function") return member;
        const call = (args: unknown[]): unknown => Reflect.apply(member, real, args);
        if (!WATCHED.has(name)) return (...args: unknown[]) => call(args);
        return async (...args: unknown[]) => {
          observer.calls.push(name);
          await observer.held;
          const failure = observer.failure?.(name);
          if (failure !== undefined) throw failure;
          return call(args);
        };
      },
    }),
  };
  return observer;
}

const WATCHED: ReadonlySet<string> = new Set([
  "get",
  "getMany",
  "readMany",
  "getMeta",
  "has",
  "changes",
  "feed",
  "set",
  "delete",
  "update",
  "write",
]);
