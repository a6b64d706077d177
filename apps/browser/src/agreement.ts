/** What the server and the page have to agree on. */
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import type { Codec, StoreConfig } from "@datahike-sync/core";
import { type Keyword, keyword } from "@datahike-sync/edn";

/** Where the server takes lines. */
export const SYNC_PATH = "/sync";

/** The store's id is the hash of this. */
export const STORE_CONFIG: StoreConfig = { backend: keyword("level"), id: "items" };

/** The branch that is replayed and shown. */
export const BRANCH: Keyword = keyword("db");

/**
 * What Datahike wrote its nodes in. Both stores and the line have it too, so that no value is encoded anew
 * on its way.
 */
export function databaseCodec(): Codec {
  return fressianCodec({ handlers: fressianHandlers() });
}
