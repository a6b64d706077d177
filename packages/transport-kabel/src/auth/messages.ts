/** The messages by which kabel's peers say who they are. */
import { type Edn, EdnMap, fromJs, isKind, type Keyword, keyword } from "@datahike-sync/edn";

export const AUTH: Keyword = keyword("kabel", "auth");
export const REFRESH: Keyword = keyword("kabel", "auth-refresh");
export const OK: Keyword = keyword("kabel", "auth-ok");
export const ERROR: Keyword = keyword("kabel", "auth-error");
/** What Clojure's server stamps on what it has received. On a wire it is an attempt to be somebody. */
export const PRINCIPAL: Keyword = keyword("kabel", "principal");

const TYPE = keyword("type");
const TOKEN = keyword("token");

export function tokenMessage(type: Keyword, token: string): EdnMap {
  return new EdnMap([
    [TYPE, type],
    [TOKEN, token],
  ]);
}

/** The token of a message; `undefined` where it has none that is text. */
export function tokenOf(message: EdnMap): string | undefined {
  const token = message.get(TOKEN);
  return typeof token === "string" ? token : undefined;
}

/** Tells somebody who they are, where that can be told in EDN. */
export function okMessage(principal: unknown): EdnMap {
  const message = new EdnMap([[TYPE, OK]]);
  const told = ednOf(principal);
  return told === undefined ? message : message.with(keyword("principal"), told);
}

/** The words are those of Clojure's server: its clients look at `:error`. */
export const REFUSED: EdnMap = new EdnMap([
  [TYPE, ERROR],
  [keyword("error"), "invalid-token"],
  [keyword("message"), "Token is invalid or expired"],
]);

/** The time in the claim `exp` of the principal in an `auth-ok`, in milliseconds since the epoch. */
export function expiryOf(message: EdnMap): number | undefined {
  const principal = message.get(keyword("principal"));
  const exp = principal instanceof EdnMap ? principal.get(keyword("exp")) : undefined;
  return typeof exp === "number" ? exp * 1_000 : undefined;
}

/** The message without what kabel's peers note on messages for themselves. */
export function withoutNotes(message: EdnMap): EdnMap {
  let clean = message;
  for (const key of message.keys()) if (isNote(key)) clean = clean.without(key);
  return clean;
}

function isNote(key: Edn): boolean {
  return isKind(key, "keyword") && key.namespace === "kabel";
}

function ednOf(principal: unknown): Edn | undefined {
  if (principal === undefined) return undefined;
  try {
    return fromJs(principal);
  } catch {
    return undefined;
  }
}
