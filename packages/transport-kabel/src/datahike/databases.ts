/** Makes and erases databases of a Datahike server. */
import { type Edn, EdnMap, isKind, keyword, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { Link } from "../link.ts";
import type { CallOptions } from "../remote/remote-line.ts";
import type { RemotePeer } from "../remote/remote-peer.ts";

/** A database that a server has made. */
export interface CreatedDatabase {
  readonly storeId: Uuid;
  /** The configuration that the server made of ours. */
  readonly config: EdnMap;
}

/**
 * Makes a database on a Datahike server, which from then on serves it under its store id. Of the
 * configuration the server takes `:store`, with its `:id`, `:schema-flexibility` and `:keep-history?`
 * (default false there), unless it is set up to do otherwise.
 *
 * @throws {RemoteError} what the server answers, and as `RemotePeer.invoke`.
 * @throws {SyncError} `PROTOCOL_VIOLATION` for an answer that is none.
 */
export async function createDatabase(
  remote: RemotePeer,
  to: Connection | Link,
  config: EdnMap,
  options?: CallOptions,
): Promise<CreatedDatabase> {
  const answer = await invoke(remote, to, "create-database", config, options);
  const made = answer.get(CONFIG) ?? null;
  if (!isKind(made, "map")) throw malformed("config");
  return { storeId: storeIdOf(answer), config: made };
}

/**
 * Erases the database of this configuration on a Datahike server. Resolves to its store id.
 *
 * @throws as {@link createDatabase}.
 */
export async function deleteDatabase(
  remote: RemotePeer,
  to: Connection | Link,
  config: EdnMap,
  options?: CallOptions,
): Promise<Uuid> {
  return storeIdOf(await invoke(remote, to, "delete-database", config, options));
}

const CONFIG = keyword("config");
const STORE_ID = keyword("store-id");
const WRITER = keyword("writer");
const LOCAL_PEER = keyword("local-peer");

async function invoke(
  remote: RemotePeer,
  to: Connection | Link,
  name: string,
  config: EdnMap,
  options: CallOptions | undefined,
): Promise<EdnMap> {
  const args = new EdnMap([[CONFIG, withoutPeer(config)]]);
  const answer = await remote.invoke(to, `datahike.kabel/${name}`, args, options);
  if (!isKind(answer, "map")) throw malformed(name);
  return answer;
}

/** A configuration that Clojure printed may name its writer's peer, which is no value. */
function withoutPeer(config: EdnMap): EdnMap {
  const writer: Edn = config.get(WRITER) ?? null;
  return isKind(writer, "map") ? config.with(WRITER, writer.without(LOCAL_PEER)) : config;
}

function storeIdOf(answer: EdnMap): Uuid {
  const id = answer.get(STORE_ID);
  if (!isKind(id, "uuid")) throw malformed("store-id");
  return id;
}

function malformed(field: string): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "the server's answer is none", { details: { field } });
}
