/** What the service is told, by flags or by the environment. */
import { parseArgs } from "node:util";
import { storeId } from "@datahike-sync/core/store-id";
import { EdnMap, read, type Uuid, uuid } from "@datahike-sync/edn";

/** What the service needs to know. */
export interface Settings {
  /** Where lines are dialed: a `ws:` or `wss:` URL. */
  readonly primary: string;
  readonly storeId: Uuid;
  /** Of the LevelDB; made where there is none. */
  readonly folder: string;
  readonly codec: (typeof CODECS)[number];
  readonly walker: (typeof WALKERS)[number];
  /** Where both ports are. */
  readonly host: string;
  /** For further replicas; 0 for any that is free. */
  readonly port: number;
  /** For health and metrics; 0 for any that is free. */
  readonly statusPort: number;
  /** Holds what the primary is to know us by. Absent: we say nothing. */
  readonly tokenFile: string | undefined;
  /** Holds what further replicas have to say. Absent: whoever reaches the port may follow. */
  readonly clientTokenFile: string | undefined;
  /** The most commits that may be missing here while this is ready. */
  readonly maxLag: number;
  /** For how long deletes are kept for further replicas that are away, in hours. */
  readonly keepHours: number;
  /** Over how long further replicas are sent elsewhere at the end, in milliseconds. */
  readonly drainMs: number;
}

export const USAGE = `usage: backend-replica --primary <url> --store <id> --folder <path> [options]

  --primary <url>            the primary, or a relay of it: a ws: or wss: URL
  --store <id>               its store: a UUID, or the EDN map of which that is the hash
  --folder <path>            where the LevelDB is, or is to be
  --codec <name>             of the primary's lines: msgpack (default) or fressian
  --walker <name>            none (default), or datahike: nodes that no branch reaches are deleted
  --host <host>              where the ports are; default 127.0.0.1
  --port <number>            for further replicas; default 8080
  --status-port <number>     for health and metrics; default 8081
  --token-file <path>        holds the token for the primary, and is read at each attempt
  --client-token-file <path> holds the token that further replicas need; default: they need none
  --max-lag <commits>        not ready while more are missing; default 100
  --keep-hours <hours>       for how long deletes are kept for further replicas that are away; default 24
  --drain-ms <ms>            over how long further replicas are sent away at the end; default 5000
  --help

Each can be given by the environment: REPLICA_STATUS_PORT for --status-port. Flags win.`;

/**
 * Reads the settings; `undefined` where help was asked for.
 *
 * @throws {TypeError} naming the flag, when one is missing, unknown or makes no sense.
 */
export function parseSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  if (values.help) return undefined;
  const given = (flag: Flag): string | undefined =>
    // A variable that is set to nothing is how some deployments leave one out.
    values[flag] ?? (environment[variableOf(flag)] || undefined);
  return {
    primary: parse("primary", required(given, "primary"), toLineUrl),
    storeId: parse("store", required(given, "store"), toStoreId),
    folder: required(given, "folder"),
    codec: parse("codec", given("codec") ?? "msgpack", oneOf(CODECS)),
    walker: parse("walker", given("walker") ?? "none", oneOf(WALKERS)),
    host: given("host") ?? "127.0.0.1",
    port: parse("port", given("port") ?? "8080", wholeUpTo(MAX_PORT)),
    statusPort: parse("status-port", given("status-port") ?? "8081", wholeUpTo(MAX_PORT)),
    tokenFile: given("token-file"),
    clientTokenFile: given("client-token-file"),
    maxLag: parse("max-lag", given("max-lag") ?? "100", wholeUpTo(Number.MAX_SAFE_INTEGER)),
    keepHours: parse("keep-hours", given("keep-hours") ?? "24", wholeUpTo(MAX_HOURS)),
    drainMs: parse("drain-ms", given("drain-ms") ?? "5000", wholeUpTo(MAX_TIMER_MS)),
  };
}

const CODECS = ["msgpack", "fressian"] as const;
const WALKERS = ["none", "datahike"] as const;
const MAX_PORT = 65_535;
const MAX_HOURS = 1_000_000;
/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const TEXT = { type: "string" } as const;
const OPTIONS = {
  primary: TEXT,
  store: TEXT,
  folder: TEXT,
  codec: TEXT,
  walker: TEXT,
  host: TEXT,
  port: TEXT,
  "status-port": TEXT,
  "token-file": TEXT,
  "client-token-file": TEXT,
  "max-lag": TEXT,
  "keep-hours": TEXT,
  "drain-ms": TEXT,
  help: { type: "boolean" },
} as const;

type Flag = Exclude<keyof typeof OPTIONS, "help">;

function variableOf(flag: Flag): string {
  return `REPLICA_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function required(given: (flag: Flag) => string | undefined, flag: Flag): string {
  const value = given(flag);
  if (value === undefined) throw new TypeError(`--${flag} (or ${variableOf(flag)}) is needed`);
  return value;
}

function parse<T>(flag: Flag, text: string, parser: (text: string) => T): T {
  try {
    return parser(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`--${flag} (or ${variableOf(flag)}) is to be ${reason}, not ${text}`, {
      cause,
    });
  }
}

function toLineUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLine = url?.protocol === "ws:" || url?.protocol === "wss:";
  if (url === undefined || !isLine || url.hash !== "") {
    throw new TypeError("a ws: or wss: URL without a fragment");
  }
  return url.href;
}

function toStoreId(text: string): Uuid {
  try {
    if (!text.trimStart().startsWith("{")) return uuid(text);
    const config = read(text);
    if (config instanceof EdnMap) return storeId(config);
  } catch (cause) {
    throw new TypeError("a UUID or an EDN map", { cause });
  }
  throw new TypeError("a UUID or an EDN map");
}

function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const name = names.find((one) => one === text);
    if (name === undefined) throw new TypeError(`one of ${names.join(", ")}`);
    return name;
  };
}

function wholeUpTo(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > max) throw new RangeError(`a whole number up to ${max}`);
    return value;
  };
}
