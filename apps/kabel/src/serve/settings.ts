/** What `serve` is told. */
import type { Uuid } from "@datahike-sync/edn";
import { CODECS, type CodecName } from "../codecs.ts";
import { oneOf, parse, readFlags, required, tokenOf, toPath, toPort, toStoreId } from "../flags.ts";

export interface ServeSettings {
  /** The konserve folder of a Datahike database. */
  readonly path: string;
  /** What clients call it. Absent: as its database does. */
  readonly storeId: Uuid | undefined;
  readonly codec: CodecName;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** What clients have to say. Absent: whoever reaches the port may follow. */
  readonly token: string | undefined;
}

export const SERVE_USAGE = `usage: npm run serve -- --path <folder> [options]

  --path <folder>    the konserve folder of a Datahike database; it is only read
  --store <id>       what clients call it; default: the :id in its configuration
  --codec <name>     of the clients: cbor (default), fressian, transit or edn
  --host <host>      where the port is; default 127.0.0.1
  --port <number>    default 47296; 0 is any that is free
  --token <token>    what clients have to say; or KABEL_TOKEN in the environment
  --help`;

const TEXT = { type: "string" } as const;
const OPTIONS = {
  path: TEXT,
  store: TEXT,
  codec: TEXT,
  host: TEXT,
  port: TEXT,
  token: TEXT,
  help: { type: "boolean" },
} as const;

/**
 * Reads the settings; `undefined` where help was asked for.
 *
 * @throws {Complaint} naming the flag, when one is missing, unknown or makes no sense.
 */
export function serveSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServeSettings | undefined {
  const { values } = readFlags({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  return {
    path: toPath(required("--path", values.path)),
    storeId: values.store === undefined ? undefined : parse("--store", values.store, toStoreId),
    codec: parse("--codec", values.codec ?? "cbor", oneOf(CODECS)),
    host: values.host ?? "127.0.0.1",
    port: parse("--port", values.port ?? "47296", toPort),
    token: tokenOf(values.token, environment),
  };
}
