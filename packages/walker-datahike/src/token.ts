import { type Edn, type EdnMap, identity, kindOf, type Uuid, uuid } from "@datahike-sync/edn";
import { commitIdOf, indicesOf, schemaKeyOf } from "./db-record.ts";

/** Bytes of a token: the commit's id, and a hash of what its record names. */
const TOKEN_BYTES = 24;

const ID_BYTES = 16;

/**
 * Names a database record: by its commit, and by the addresses of its roots and of its schema, of
 * which it holds a hash. Records that name the same have the same token.
 */
export function tokenOf(record: EdnMap): Uint8Array {
  const commitId = commitIdOf(record);
  const schemaKey = schemaKeyOf(record);
  const bytes = new Uint8Array(TOKEN_BYTES);
  if (commitId !== undefined) bytes.set(commitId.toBytes());
  const names = indicesOf(record).map(({ handle }) => identity(handle.address));
  if (schemaKey !== undefined) names.push(identity(schemaKey));
  const [high, low] = hash(names.join(" "));
  const view = new DataView(bytes.buffer);
  view.setInt32(ID_BYTES, high);
  view.setInt32(ID_BYTES + 4, low);
  return bytes;
}

/** The commit that a token names; `undefined` where it is no token or names none. */
export function commitOfToken(token: Edn): Uuid | undefined {
  if (kindOf(token) !== "bytes") return undefined;
  const bytes = token as Uint8Array;
  if (bytes.length !== TOKEN_BYTES) return undefined;
  const id = bytes.subarray(0, ID_BYTES);
  return id.every((byte) => byte === 0) ? undefined : uuid(id);
}

/** Two 32-bit FNV-1a hashes from different beginnings: tells records apart, secures nothing. */
function hash(text: string): readonly [number, number] {
  let [high, low] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
  }
  return [high, low];
}
