/** Tells who comes and goes, and what of a database they get. */
import type { SyncEvent } from "@datahike-sync/core";
import type { Connection } from "@datahike-sync/transport-kabel";
import { wordsOf } from "../complaint.ts";

export class Visitors {
  readonly #say: (what: string, facts: string) => void;
  #count = 0;

  constructor(say: (what: string, facts: string) => void) {
    this.#say = say;
  }

  readonly onConnection = (connection: Connection): void => {
    const name = `client ${++this.#count}`;
    this.#say(name, `is here, from ${connection.peer.address}`);
    connection.onClose(({ error, code }) => {
      const why = error === undefined ? code : wordsOf(error);
      this.#say(name, why === undefined ? "is gone" : `is gone (${why})`);
    });
  };

  readonly onEvent = (event: SyncEvent): void => {
    if (event.type === "live") this.#say("live", `a client has all of ${event.storeId}`);
    else if (event.type === "refused" || event.type === "failed" || event.type === "fault") {
      this.#say("error", wordsOf(event.error));
    }
  };
}
