/** What `follow` is told. */
import type { Uuid } from "@datahike-sync/edn";
import { CODECS, type CodecName } from "../codecs.ts";
import { Complaint } from "../complaint.ts";
import {
  oneOf,
  parse,
  readFlags,
  required,
  tokenOf,
  toLineUrl,
  toPath,
  toStoreId,
} from "../flags.ts";

export interface FollowSettings {
  /** Where the server is: a `ws:` or `wss:` URL. */
  readonly url: string;
  readonly storeId: Uuid;
  /** Where what arrives is kept; made where there is nothing. */
  readonly target: { readonly kind: "level" | "folder"; readonly path: string };
  readonly codec: CodecName;
  readonly dialect: (typeof DIALECTS)[number];
  /** What the server is to know us by. */
  readonly token: string | undefined;
}

export const FOLLOW_USAGE = `usage: npm run follow -- <url> --store <id> (--level <path> | --folder <path>) [options]

  --store <id>       the :id of the server's :store; or the EDN map of which it is the hash
  --level <path>     keeps what arrives in a LevelDB
  --folder <path>    keeps what arrives in a folder that Datahike can open
  --codec <name>     of the server: cbor (default), fressian, transit or edn
  --dialect <name>   of the server: pubsub (default), or sync as of December 2025
  --token <token>    what the server is to know us by; or KABEL_TOKEN in the environment
  --help`;

const DIALECTS = ["pubsub", "sync"] as const;

const TEXT = { type: "string" } as const;
const OPTIONS = {
  store: TEXT,
  level: TEXT,
  folder: TEXT,
  codec: TEXT,
  dialect: TEXT,
  token: TEXT,
  help: { type: "boolean" },
} as const;

/**
 * Reads the settings; `undefined` where help was asked for.
 *
 * @throws {Complaint} naming the flag, when one is missing, unknown or makes no sense.
 */
export function followSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): FollowSettings | undefined {
  const { values, positionals } = readFlags({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const [url, ...others] = positionals;
  if (others.length > 0)
    throw new Complaint("misused", `one server is followed, not ${others[0]} too`);
  return {
    url: parse("the server", required("the URL of a server", url), toLineUrl),
    storeId: parse("--store", required("--store", values.store), toStoreId),
    target: targetOf(values.level, values.folder),
    codec: parse("--codec", values.codec ?? "cbor", oneOf(CODECS)),
    dialect: parse("--dialect", values.dialect ?? "pubsub", oneOf(DIALECTS)),
    token: tokenOf(values.token, environment),
  };
}

function targetOf(level: string | undefined, folder: string | undefined): FollowSettings["target"] {
  if (level !== undefined && folder === undefined) return { kind: "level", path: toPath(level) };
  if (folder !== undefined && level === undefined) return { kind: "folder", path: toPath(folder) };
  throw new Complaint(
    "misused",
    "either --level or --folder is needed, one of the two; see --help",
  );
}
