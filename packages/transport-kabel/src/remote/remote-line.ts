/** The calls of one line, in both directions. */
import { type Edn, type EdnMap, identity, randomUuid, type Uuid } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import {
  DISTRIBUTED_SCOPE,
  type Invoke,
  KABEL_REMOTE,
  type RemoteDialect,
  type RemoteMessage,
  type Result,
} from "./remote-dialect.ts";
import { failureOf, REMOTE_FAILURES, RemoteError, type RemoteFailure } from "./remote-error.ts";
import { waitFor } from "./wait-for.ts";

/** Runs what the other side calls. */
export type RunCall = (name: string, args: EdnMap, call: RemoteCall) => Promise<Edn>;

/** Who calls. */
export interface RemoteCall {
  /** Of the connection, as authentication found it; never what the frame says. */
  readonly principal: unknown;
  /** What the caller's peer is called. */
  readonly scope: Edn;
  /** Aborted when the line has ended: nobody waits for the answer. */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  /** How long to wait for the answer, that of the other side's greeting included. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Stops waiting; the call may run all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** Which of its names the other side is reached by, and how it is spoken to. */
interface Other {
  readonly scope: Edn;
  readonly dialect: RemoteDialect;
}

export class RemoteLine {
  readonly #connection: Connection;
  readonly #id: Uuid;
  readonly #run: RunCall;
  readonly #maxCalls: number;
  readonly #ended = new AbortController();
  readonly #waiting = new Map<string, (result: Result) => void>();
  readonly #onOther = new Set<() => void>();
  #other: Other | undefined;
  #running = 0;

  constructor(connection: Connection, id: Uuid, maxCalls: number, run: RunCall) {
    this.#connection = connection;
    this.#id = id;
    this.#maxCalls = maxCalls;
    this.#run = run;
    connection.onClose(() => this.#ended.abort());
    for (const dialect of [KABEL_REMOTE, DISTRIBUTED_SCOPE]) {
      connection.on(dialect.types, (message) => this.#take(dialect.read(message), dialect));
    }
    this.#send({ type: "register", scope: id }, KABEL_REMOTE);
  }

  /** @throws as `RemotePeer.invoke`. */
  invoke(
    name: string,
    args: EdnMap,
    { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
  ): Promise<Edn> {
    const id = randomUuid();
    const options = { timeoutMs, signal, lateError: () => late(name) };
    return waitFor<Edn>(options, (resolve, reject) => {
      const ended = this.#ended.signal;
      const end = () => reject(disconnected(name));
      const call = () => {
        const other = this.#other;
        // Nobody can be called before they have said what they are called.
        if (other === undefined) return;
        this.#onOther.delete(call);
        const { scope, dialect } = other;
        const requestScope = this.#id;
        const message = { type: "invoke", scope, requestScope, name, args, id } as const;
        this.#connection.send(dialect.spell(message)).catch(reject);
      };
      this.#waiting.set(id.identity, ({ outcome }) => {
        if ("value" in outcome) resolve(outcome.value);
        else reject(errorOf(outcome.failure, name));
      });
      this.#onOther.add(call);
      if (ended.aborted) end();
      else call();
      ended.addEventListener("abort", end, { once: true });
      return () => {
        ended.removeEventListener("abort", end);
        this.#waiting.delete(id.identity);
        this.#onOther.delete(call);
      };
    });
  }

  #take(message: RemoteMessage, dialect: RemoteDialect): void {
    switch (message.type) {
      case "register":
        return this.#meet({ scope: message.scope, dialect });
      case "invoke":
        return this.#takeCall(message, dialect);
      case "result":
        // Of a call that was given up there may be nobody.
        return this.#waiting.get(identity(message.id))?.(message);
    }
  }

  /** The first greeting counts; but one in the newer words more than one in the older. */
  #meet(other: Other): void {
    if (this.#other?.dialect === KABEL_REMOTE || this.#other?.dialect === other.dialect) return;
    this.#other = other;
    // Who speaks the older does not know the newer, in which we have greeted.
    if (other.dialect !== KABEL_REMOTE)
      this.#send({ type: "register", scope: this.#id }, other.dialect);
    for (const call of this.#onOther) call();
  }

  #takeCall(invoke: Invoke, dialect: RemoteDialect): void {
    if (identity(invoke.scope) !== this.#id.identity) {
      if (dialect.answersStrangers) this.#refuse(invoke, dialect, WRONG_PEER);
    } else if (this.#running >= this.#maxCalls) {
      this.#refuse(invoke, dialect, TOO_MANY);
    } else {
      void this.#answer(invoke, dialect);
    }
  }

  async #answer(invoke: Invoke, dialect: RemoteDialect): Promise<void> {
    const { requestScope, name, args } = invoke;
    this.#running++;
    try {
      const { principal } = this.#connection.peer;
      const call = { principal, scope: requestScope, signal: this.#ended.signal };
      const value = await this.#run(name, args, call);
      await this.#connection.send(
        dialect.spell({ type: "result", scope: requestScope, id: invoke.id, outcome: { value } }),
      );
    } catch (error) {
      this.#refuse(invoke, dialect, failureOf(error));
    } finally {
      this.#running--;
    }
  }

  #refuse(invoke: Invoke, dialect: RemoteDialect, failure: RemoteFailure): void {
    const { requestScope: scope, id, name } = invoke;
    this.#send({ type: "result", scope, id, outcome: { failure }, name }, dialect);
  }

  #send(message: RemoteMessage, dialect: RemoteDialect): void {
    // The end of the line tells what there is to tell.
    this.#connection.send(dialect.spell(message)).catch(() => undefined);
  }
}

/** How long an answer is waited for where nobody says. */
export const CALL_TIMEOUT_MS = 30_000;

const WRONG_PEER: RemoteFailure = {
  message: "another peer's call",
  type: REMOTE_FAILURES.wrongPeer,
};
const TOO_MANY: RemoteFailure = { message: "too many calls", type: REMOTE_FAILURES.tooManyCalls };

function errorOf({ message, type, data }: RemoteFailure, name: string): RemoteError {
  return new RemoteError(message, { type, data, details: { function: name } });
}

function disconnected(name: string): RemoteError {
  return new RemoteError("the line ended before the answer", {
    type: REMOTE_FAILURES.disconnected,
    details: { function: name },
  });
}

function late(name: string): RemoteError {
  return new RemoteError("no answer in time", {
    type: REMOTE_FAILURES.timeout,
    details: { function: name },
  });
}
