/** Orders to a process of the bench, and their answers. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a process does when it is told to, by name. */
export type Orders<T> = {
  readonly [Name in keyof T]: (...args: never[]) => Promise<unknown>;
};

interface Order {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of its own, and what is asked of it. */
export class Side<T extends Orders<T>> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (result: never) => void; reject: (error: Error) => void }
  >();
  #lastId = 0;

  /** @param module The module that takes the orders. */
  constructor(module: URL, execArgv: readonly string[]) {
    this.#child = fork(fileURLToPath(module), {
      serialization: "advanced",
      execArgv: ["--expose-gc", ...execArgv],
    });
    this.#child.on("message", (answer: Answer) => this.#take(answer));
    this.#child.on("exit", (code) => this.#fail(new Error(`a process has ended with ${code}`)));
  }

  ask<Name extends string & keyof T>(
    name: Name,
    ...args: Parameters<T[Name]>
  ): ReturnType<T[Name]> {
    const id = ++this.#lastId;
    const answer = new Promise<never>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const order: Order = { id, name, args };
      this.#child.send(order);
    });
    // `as`: the promise is of what the order of that name resolves to.
    return answer as ReturnType<T[Name]>;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await exited;
  }

  #take({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(error));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Takes orders in a process that {@link Side} has started, until that lets go of it. */
export function takeOrders<T extends Orders<T>>(orders: T): void {
  const answer = (answered: Answer): void => {
    process.send?.(answered);
  };
  process.on("message", ({ id, name, args }: Order) => {
    // `as`: whoever gives the order knows its name and what it takes.
    orders[name as keyof T](...(args as never[])).then(
      (result) => answer({ id, result }),
      (error: unknown) => answer({ id, error: textOf(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
