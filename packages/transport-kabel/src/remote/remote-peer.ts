/** Calls functions of other peers, and lets them call ours. */
import type { Edn, EdnMap } from "@datahike-sync/edn";
import { Connection } from "../connection.ts";
import type { Link } from "../link.ts";
import type { KabelPeer } from "../peer.ts";
import { REMOTE_FAILURES, RemoteError } from "./remote-error.ts";
import { CALL_TIMEOUT_MS, type CallOptions, type RemoteCall, RemoteLine } from "./remote-line.ts";
import { waitFor } from "./wait-for.ts";

/** What others call. What it throws is told them only as a `RemoteError` says, or as a code. */
export type RemoteFunction = (args: EdnMap, call: RemoteCall) => Edn | Promise<Edn>;

/** Whether somebody may call this. What it throws is a no. */
export type AuthorizeInvoke = (
  call: RemoteCall & { readonly name: string; readonly args: EdnMap },
) => boolean | Promise<boolean>;

export interface RemotePeerOptions {
  /** Default: whoever has a line may call what is registered. */
  readonly authorize?: AuthorizeInvoke | undefined;
  /** How many calls of one line may run at once; the others are refused. Default 100. */
  readonly maxCalls?: number | undefined;
}

/** What holds where an option is not given. */
export const REMOTE_DEFAULTS: { readonly maxCalls: number } = { maxCalls: 100 };

/**
 * Remote calls on all lines of a peer, in kabel's own words and in those of distributed-scope, whichever
 * the other side greets in. Made before the peer's lines are opened.
 */
export class RemotePeer {
  readonly #options: RemotePeerOptions;
  readonly #functions = new Map<string, RemoteFunction>();
  readonly #lines = new WeakMap<Connection, RemoteLine>();

  constructor(peer: KabelPeer, options: RemotePeerOptions = {}) {
    const { maxCalls = REMOTE_DEFAULTS.maxCalls } = options;
    this.#options = options;
    const attend = (connection: Connection) => {
      const run = (name: string, args: EdnMap, call: RemoteCall) => this.#run(name, args, call);
      this.#lines.set(connection, new RemoteLine(connection, peer.id, maxCalls, run));
    };
    for (const connection of peer.connections) attend(connection);
    peer.onConnection(attend);
  }

  /**
   * Lets others call a function by this name, such as `my.app/add`. Returns what takes it back.
   *
   * @throws {TypeError} when there is one of that name.
   */
  register(name: string, run: RemoteFunction): () => void {
    if (this.#functions.has(name)) throw new TypeError("a function of that name is registered");
    this.#functions.set(name, run);
    return () => {
      if (this.#functions.get(name) === run) this.#functions.delete(name);
    };
  }

  /**
   * Calls a function of the peer at the other end. With a link it waits for a line, and is lost with it: a
   * call is never made twice.
   *
   * @throws {RemoteError} what the other side answers; with `type` `:kabel.remote/timeout` or
   * `:kabel.remote/disconnected` when there is no answer, and the call may have run.
   * @throws {SyncError} as `MessageLine.send`.
   */
  async invoke(
    to: Connection | Link,
    name: string,
    args: EdnMap,
    options: CallOptions = {},
  ): Promise<Edn> {
    const connection = to instanceof Connection ? to : await lineOf(to, name, options);
    const line = this.#lines.get(connection);
    if (line === undefined) throw new TypeError("a line of another peer");
    return line.invoke(name, args, options);
  }

  async #run(name: string, args: EdnMap, call: RemoteCall): Promise<Edn> {
    const { authorize } = this.#options;
    if (authorize !== undefined && !(await isAllowed(() => authorize({ ...call, name, args })))) {
      throw new RemoteError("not authorized", { type: REMOTE_FAILURES.notAuthorized });
    }
    const run = this.#functions.get(name);
    if (run === undefined) {
      throw new RemoteError("Remote function not found", { type: REMOTE_FAILURES.unknownFunction });
    }
    return run(args, call);
  }
}

async function isAllowed(ask: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return (await ask()) === true;
  } catch {
    return false;
  }
}

/** The line of a link, now or as soon as there is one. */
async function lineOf(
  link: Link,
  name: string,
  { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
): Promise<Connection> {
  if (link.connection !== undefined) return link.connection;
  const options = { timeoutMs, signal, lateError: () => noLine(name, undefined) };
  return waitFor<Connection>(options, (resolve, reject) =>
    link.on((event) => {
      if (event.type === "up") resolve(event.connection);
      else if (event.isLost) reject(noLine(name, event.error));
    }),
  );
}

function noLine(name: string, cause: unknown): RemoteError {
  const type = REMOTE_FAILURES.disconnected;
  return new RemoteError("there is no line to call on", {
    type,
    details: { function: name },
    cause,
  });
}
