/** Tells who comes and goes, and what of a database they get. */
import { type Edn, isKind, print } from "@datahike-sync/edn";
import type { Connection, TopicEvent } from "@datahike-sync/transport-kabel";
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

  readonly onEvent = (event: TopicEvent): void => {
    switch (event.type) {
      case "subscribed":
        return this.#say("live", `a client has all of ${nameOf(event.topic)}`);
      case "refused":
        return this.#say("refused", `${nameOf(event.topic)} (${wordsOf(event.error)})`);
      case "failed":
        return this.#say("failed", `${nameOf(event.topic)} (${wordsOf(event.error)})`);
      case "publish-refused":
        return this.#say("refused", `a write to ${nameOf(event.topic)} (${wordsOf(event.error)})`);
      case "fault":
        return this.#say("error", wordsOf(event.error));
    }
  };
}

/** As it is given to commands; what somebody else made up is cut short. */
function nameOf(topic: Edn): string {
  return isKind(topic, "uuid") ? topic.toString() : print(topic).slice(0, MAX_NAME);
}

const MAX_NAME = 100;
