/** What can go wrong with a server, and what to do then. */
import { isSyncError, type SyncError } from "@datahike-sync/core";
import { codecNamed } from "../codecs.ts";
import { Complaint, type EXIT, wordsOf } from "../complaint.ts";
import type { FollowSettings } from "./settings.ts";

/** For a line that could not be opened. */
export function noLine(error: unknown, { url }: FollowSettings): unknown {
  if (!isSyncError(error, "TRANSPORT_CLOSED")) return error;
  const words = `no server takes lines at ${url}: start it, or correct the address`;
  return new Complaint("noServer", `${words} (${wordsOf(error.cause ?? error)})`, error);
}

/** For one on which the store is followed no more. */
export function noMore(error: SyncError, settings: FollowSettings): Complaint {
  const { codec, dialect, storeId, token } = settings;
  const complain = (exit: keyof typeof EXIT, words: string): Complaint =>
    new Complaint(exit, words, error);
  if (error.code === "UNKNOWN_CODEC") {
    const theirs = codecsOf(error);
    const others = theirs.length > 0 ? theirs.join(" or ") : "another";
    return complain("wrongCodec", `the server does not speak ${codec}: give --codec ${others}`);
  }
  if (error.code.startsWith("CODEC_")) {
    const words = `what the server sends is no ${codec} that can be read: give --codec another`;
    return complain("wrongCodec", `${words} (${wordsOf(error)})`);
  }
  switch (error.code) {
    case "STORE_NOT_FOUND":
      return complain(
        "noStore",
        `the server has no store ${storeId}: give --store ${ID_OF[dialect]}`,
      );
    case "UNAUTHORIZED":
      return complain(
        "refused",
        token === undefined
          ? "the server wants to know who asks, or does not let everybody follow: give --token"
          : "the server refused the token, or what it may not follow: give --token another",
      );
    case "ACK_TIMEOUT":
      return complain(
        "dropped",
        `the server does not answer: give the other --dialect or --codec (${wordsOf(error)})`,
      );
    case "TRANSPORT_CLOSED":
    case "RETRY_LATER":
    case "HEARTBEAT_TIMEOUT":
      return complain(
        "dropped",
        `the line dropped, run this again to go on where it was (${wordsOf(error)})`,
      );
    default:
      return complain("failed", `the store cannot be followed (${wordsOf(error)})`);
  }
}

/** What servers of a dialect call a store. */
const ID_OF = {
  pubsub: "the :id of its :store",
  sync: "the whole :store as it is configured there",
} as const;

/** What the server speaks, as far as it told. */
function codecsOf({ details }: SyncError): readonly string[] {
  const { theirs, serialization } = details;
  const named = Array.isArray(theirs) ? theirs : [serialization];
  return named.map(codecNamed).filter((name) => name !== undefined);
}
