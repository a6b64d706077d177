/** Listens to IndexedDB from outside: what is opened, begun and put, everything as it really is. */
import { onTestFinished } from "vitest";

export interface Watched {
  /** The connections that were opened. */
  readonly connections: readonly IDBDatabase[];
  /** The durability of each transaction that may write. */
  readonly durabilities: string[];
  /** The keys that were put. */
  readonly put: unknown[];
  /** The last connection that was opened. */
  readonly connection: () => IDBDatabase;
}

/** From now on, until the test is over. */
export function watch(onOpened: (connection: IDBDatabase) => void = () => undefined): Watched {
  const connections: IDBDatabase[] = [];
  const durabilities: string[] = [];
  const put: unknown[] = [];
  around(IDBFactory.prototype, "open", (open) => {
    return function (this: IDBFactory, ...args) {
      const request = open.apply(this, args);
      request.addEventListener("success", () => {
        connections.push(request.result);
        onOpened(request.result);
      });
      return request;
    };
  });
  around(IDBDatabase.prototype, "transaction", (begin) => {
    return function (this: IDBDatabase, ...args) {
      const transaction = begin.apply(this, args);
      if (transaction.mode === "readwrite") durabilities.push(transaction.durability);
      return transaction;
    };
  });
  around(IDBObjectStore.prototype, "put", (real) => {
    return function (this: IDBObjectStore, ...args) {
      put.push(args[1]);
      return real.apply(this, args);
    };
  });
  const connection = () => {
    const last = connections.at(-1);
    if (last === undefined) throw new Error("nothing was opened");
    return last;
  };
  return { connections, durabilities, put, connection };
}

/** Puts something around a method until the test is over. */
export function around<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  wrap: (real: T[K]) => T[K],
): void {
  const real = prototype[name];
  prototype[name] = wrap(real);
  onTestFinished(() => {
    prototype[name] = real;
  });
}
