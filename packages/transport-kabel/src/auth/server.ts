/** Asks those who open lines who they are, as Clojure's servers do. */
import type { Peer } from "@datahike-sync/core";
import { Listeners } from "@datahike-sync/core/store-parts";
import { type Edn, type EdnMap, isKind, keyword, SyncError } from "@datahike-sync/edn";
import {
  type MessageLine,
  type MessageListener,
  type Middleware,
  through,
} from "../message-line.ts";
import { Expiry } from "./expiry.ts";
import { AUTH, okMessage, PRINCIPAL, REFRESH, REFUSED, tokenOf, withoutNotes } from "./messages.ts";

/** What is known of somebody who says who they are. */
export interface KabelAuthenticateRequest {
  readonly token: string | undefined;
  /** Of the other end of the line. */
  readonly address: string | undefined;
}

export interface KabelAuthentication {
  /** Becomes the line's `peer.principal`. */
  readonly principal: unknown;
  /** When the line is closed with `UNAUTHORIZED`, unless newer credentials came before. */
  readonly expiresAt?: Date | undefined;
}

/** Says who somebody is. `undefined`, or what it throws, is a no. */
export type KabelAuthenticate = (
  request: KabelAuthenticateRequest,
) => KabelAuthentication | undefined | Promise<KabelAuthentication | undefined>;

export interface AuthServerOptions {
  readonly authenticate: KabelAuthenticate;
  /**
   * What becomes of messages from somebody who has not said who they are. `"refuse"`: the line is closed
   * with `UNAUTHORIZED`; greetings pass. `"pass"`: they are nobody's, as with Clojure's servers, and it
   * is for `authorize` to say no. Default `"refuse"`.
   */
  readonly anonymous?: "refuse" | "pass" | undefined;
  /** How long `authenticate` may take, in milliseconds. Default 10,000. */
  readonly authenticateTimeoutMs?: number | undefined;
}

/** What holds where an option is not given. */
export const AUTH_SERVER_DEFAULTS: {
  readonly anonymous: "refuse" | "pass";
  readonly authenticateTimeoutMs: number;
} = { anonymous: "refuse", authenticateTimeoutMs: 10_000 };

/**
 * A middleware for servers: takes `:kabel/auth` and `:kabel/auth-refresh`, answers them, and makes the
 * principal of the line. Who is refused keeps the line, and may try again. What a refreshed token says
 * of somebody counts from then on: what they have subscribed to is asked again.
 */
export function authServer(options: AuthServerOptions): Middleware {
  return (line) => new AuthServer(line, options).line;
}

/** More than this many that wait for an answer of `authenticate` close the line. */
const MAX_WAITING = 100;

class AuthServer {
  readonly line: MessageLine;
  readonly #inner: MessageLine;
  readonly #options: AuthServerOptions;
  readonly #expiry: Expiry;
  readonly #onPeer = new Listeners<void>();
  #peer: Peer;
  #isKnown = false;
  /** Behind a token that is being looked at; `undefined` while none is. */
  #waiting: { message: EdnMap; bytes: number; pass: MessageListener }[] | undefined;

  constructor(line: MessageLine, options: AuthServerOptions) {
    this.#inner = line;
    this.#options = options;
    this.#peer = { ...line.peer, principal: undefined };
    this.#expiry = new Expiry(() => line.fail(unauthorized("the credentials expired")));
    line.onClose(() => {
      this.#waiting = undefined;
      this.#expiry.stop();
    });
    this.line = through(line, {
      receive: (message, bytes, pass) => this.#receive(message, bytes, pass),
      send: (message, pass) => pass(withoutNotes(message)),
      peer: () => this.#peer,
      onPeer: (listener) => this.#onPeer.add(listener),
    });
  }

  #receive(message: EdnMap, bytes: number, pass: MessageListener): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push({ message, bytes, pass });
      if (this.#waiting.length > MAX_WAITING) this.#inner.fail(tooMany());
      return;
    }
    const type = message.get(TYPE) ?? null;
    if (type === AUTH || type === REFRESH) {
      this.#waiting = [];
      void this.#look(tokenOf(message));
    } else if (this.#isKnown || this.#options.anonymous === "pass" || isGreeting(type)) {
      // Nobody says of themselves who they are but by a token.
      pass(message.without(PRINCIPAL), bytes);
    } else {
      this.#inner.fail(unauthorized("a message from nobody"));
    }
  }

  async #look(token: string | undefined): Promise<void> {
    const answer = await this.#ask(token);
    if (this.#inner.state === "closed") return;
    if (answer !== undefined) {
      this.#isKnown = true;
      this.#peer = { ...this.#peer, principal: answer.principal };
      this.#expiry.set(answer.expiresAt);
      this.#onPeer.tell();
    }
    // The end of the line tells what there is to tell of an answer that could not be sent.
    this.#inner
      .send(answer === undefined ? REFUSED : okMessage(answer.principal))
      .catch(() => undefined);
    this.#goOn();
  }

  /** Those that waited, up to the next token. */
  #goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { message, bytes, pass } of waiting) {
      if (this.#inner.state === "closed") return;
      try {
        // Behind a token they wait again.
        this.#receive(message, bytes, pass);
      } catch (error) {
        return this.#inner.fail(error instanceof Error ? error : new Error("a listener threw"));
      }
    }
  }

  /** The answer, or `undefined` for a no; for none in time, too. */
  async #ask(token: string | undefined): Promise<KabelAuthentication | undefined> {
    const { authenticate, authenticateTimeoutMs = AUTH_SERVER_DEFAULTS.authenticateTimeoutMs } =
      this.#options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), authenticateTimeoutMs);
    });
    try {
      const request = { token, address: this.#peer.address };
      const answer = await Promise.race([authenticate(request), late]);
      return answer !== undefined && !Expiry.isOver(answer.expiresAt) ? answer : undefined;
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

const TYPE = keyword("type");

/** What peers say of themselves before anything else: it asks for nothing. */
function isGreeting(type: Edn): boolean {
  return isKind(type, "keyword") && GREETINGS.has(type.toString());
}

const GREETINGS: ReadonlySet<string> = new Set([
  ":kabel/hello",
  ":kabel.remote/register",
  ":is.simm.distributed-scope/register-scope",
]);

function unauthorized(message: string): SyncError {
  return new SyncError("UNAUTHORIZED", message);
}

function tooMany(): SyncError {
  return new SyncError("LIMIT_EXCEEDED", "too many messages behind a token", {
    details: { limit: "MAX_WAITING", max: MAX_WAITING },
  });
}
