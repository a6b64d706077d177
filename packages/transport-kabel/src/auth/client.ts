/** Says to a server who we are, as Clojure's clients do. */

import { SYSTEM_CLOCK } from "@datahike-sync/core";
import { type EdnMap, keyword, SyncError } from "@datahike-sync/edn";
import { type MessageLine, type Middleware, through } from "../message-line.ts";
import { AUTH, ERROR, expiryOf, OK, REFRESH, tokenMessage } from "./messages.ts";

/** What the server is to know us by, or what gives it, asked again for each line and each renewal. */
export type KabelTokenSource = string | (() => string | Promise<string>);

/**
 * A middleware for clients: sends the token before anything else, and ends the line with `UNAUTHORIZED`
 * when the server refuses it. A server that asks nobody lets it pass. Where the server says until when
 * the token is good, a source that is a function is asked for another in time.
 *
 * What the source throws ends the line with it.
 */
export function authClient(token: KabelTokenSource): Middleware {
  return (line) => new AuthClient(line, token).line;
}

/** A token is renewed when so much of the time is over that it was good for. */
const RENEWED_AT = 0.75;
/** But not more often than this. */
const MIN_RENEWAL_MS = 1_000;

class AuthClient {
  readonly line: MessageLine;
  readonly #inner: MessageLine;
  readonly #token: KabelTokenSource;
  /** Whether the token has been handed to the line: nothing may be sent before it. */
  readonly #first: Promise<void>;
  #cancelRenewal: () => void = () => undefined;

  constructor(line: MessageLine, token: KabelTokenSource) {
    this.#inner = line;
    this.#token = token;
    this.#first = this.#send(AUTH);
    // Told by the end of the line.
    this.#first.catch(() => undefined);
    line.onClose(() => this.#cancelRenewal());
    this.line = through(line, {
      receive: (message, bytes, pass) => {
        const type = message.get(TYPE);
        if (type === OK) this.#renew(message);
        else if (type === ERROR)
          line.fail(new SyncError("UNAUTHORIZED", "the server refused the token"));
        else pass(message, bytes);
      },
      send: async (message, pass) => {
        await this.#first;
        await pass(message);
      },
    });
  }

  async #send(type: typeof AUTH): Promise<void> {
    let token: string;
    try {
      token = typeof this.#token === "string" ? this.#token : await this.#token();
    } catch (error) {
      this.#inner.fail(error instanceof Error ? error : new Error("no token", { cause: error }));
      throw error;
    }
    if (this.#inner.state === "open") await this.#inner.send(tokenMessage(type, token));
  }

  #renew(ok: EdnMap): void {
    const until = expiryOf(ok);
    this.#cancelRenewal();
    if (until === undefined || typeof this.#token === "string") return;
    const delayMs = Math.max(MIN_RENEWAL_MS, (until - Date.now()) * RENEWED_AT);
    this.#cancelRenewal = SYSTEM_CLOCK.after(delayMs, () => {
      // Told by the end of the line.
      this.#send(REFRESH).catch(() => undefined);
    });
  }
}

const TYPE = keyword("type");
