/** Reads flags, and names the one that makes no sense. */
import { resolve } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { storeId } from "@datahike-sync/core/store-id";
import { EdnMap, read, type Uuid, uuid } from "@datahike-sync/edn";
import { Complaint, wordsOf } from "./complaint.ts";

/**
 * What was given, as text.
 *
 * @throws {Complaint} for a flag that there is not.
 */
export function readFlags<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    throw new Complaint("misused", `${wordsOf(cause)}; --help tells which flags there are`, cause);
  }
}

/** @throws {Complaint} when it was not given. */
export function required(what: string, value: string | undefined): string {
  if (value === undefined) throw new Complaint("misused", `${what} is needed; see --help`);
  return value;
}

/**
 * What a parser makes of a text.
 *
 * @throws {Complaint} that what was given is to be what the parser says.
 */
export function parse<T>(what: string, text: string, parser: (text: string) => T): T {
  try {
    return parser(text);
  } catch (cause) {
    throw new Complaint("misused", `${what} is to be ${wordsOf(cause)}, not ${text}`, cause);
  }
}

/** What one side says and the other expects; others on the machine see flags, and not the environment. */
export function tokenOf(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (flag !== "") return flag ?? (environment["KABEL_TOKEN"] || undefined);
  // A variable of the shell that is not set: taken for no token, it would open the port to everybody.
  throw new Complaint("misused", "--token is to be a text that is not empty");
}

/** A folder as whoever typed it means it: npm runs scripts elsewhere, and says where it was called. */
export function toPath(text: string): string {
  return resolve(process.env["INIT_CWD"] ?? ".", text);
}

export function toLineUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLine = url?.protocol === "ws:" || url?.protocol === "wss:";
  if (url === undefined || !isLine || url.hash !== "") {
    throw new TypeError("a ws: or wss: URL without a fragment");
  }
  return url.href;
}

/** Servers of `sync` know a store by the hash of its configuration, all others by the id in it. */
export function toStoreId(text: string): Uuid {
  try {
    if (!text.trimStart().startsWith("{")) return uuid(text);
    const config = read(text);
    if (config instanceof EdnMap) return storeId(config);
  } catch {
    // Said below.
  }
  throw new TypeError("a UUID, or the EDN map of which that is the hash");
}

export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const name = names.find((one) => one === text);
    if (name === undefined) throw new TypeError(`one of ${names.join(", ")}`);
    return name;
  };
}

export function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > MAX_PORT) throw new RangeError(`a number up to ${MAX_PORT}`);
  return port;
}

const MAX_PORT = 65_535;
