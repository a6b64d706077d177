/** How calls are spelled on a line, by either generation. */
import {
  type Edn,
  EdnMap,
  isKind,
  type Keyword,
  keyword,
  print,
  read,
  SyncError,
  symbol,
  tagged,
} from "@datahike-sync/edn";
import type { RemoteFailure } from "./remote-error.ts";

export type RemoteMessage = Register | Invoke | Result;

/** The first of each side: what it is called. */
interface Register {
  readonly type: "register";
  readonly scope: Edn;
}

export interface Invoke {
  readonly type: "invoke";
  /** Who is to run it. */
  readonly scope: Edn;
  /** Who asks. */
  readonly requestScope: Edn;
  /** Such as `datahike.kabel/dispatch`. */
  readonly name: string;
  readonly args: EdnMap;
  readonly id: Edn;
}

export interface Result {
  readonly type: "result";
  /** Who asked. */
  readonly scope: Edn;
  readonly id: Edn;
  readonly outcome: { readonly value: Edn } | { readonly failure: RemoteFailure };
  /** What was called, where it failed. */
  readonly name?: string | undefined;
}

/** One generation's spelling. */
export interface RemoteDialect {
  readonly types: readonly Keyword[];
  /** Whether a call for somebody else is answered; else it is left unread. */
  readonly answersStrangers: boolean;
  /**
   * The message that a map spells.
   *
   * @throws {SyncError} `PROTOCOL_VIOLATION` for one that lacks what it needs.
   */
  read(message: EdnMap): RemoteMessage;
  spell(message: RemoteMessage): EdnMap;
}

/** Kabel's own calls, since the end of August 2026. */
export const KABEL_REMOTE: RemoteDialect = remoteDialect({
  names: ["kabel.remote/register", "kabel.remote/invoke", "kabel.remote/result"],
  answersStrangers: true,
  readError: (error) => {
    if (!isKind(error, "map")) return { message: textOf(error) };
    const type = error.get(TYPE);
    return {
      message: textOf(error.get(MESSAGE) ?? null),
      type: isKind(type, "keyword") ? type : undefined,
      data: printed(error.get(DATA) ?? null),
    };
  },
  spellError: ({ message, type, data }, name) => {
    const fields: [Edn, Edn][] = [[MESSAGE, message]];
    if (type !== undefined) fields.push([TYPE, type]);
    if (name !== undefined) fields.push([FN_NAME, symbol(name)]);
    if (data !== undefined) fields.push([DATA, print(data)]);
    return new EdnMap(fields);
  },
});

/** distributed-scope, which Datahike up to then calls with. Its errors are exceptions as Clojure prints them. */
export const DISTRIBUTED_SCOPE: RemoteDialect = remoteDialect({
  names: [
    "is.simm.distributed-scope/register-scope",
    "is.simm.distributed-scope/invoke",
    "is.simm.distributed-scope/invoke-result",
  ],
  answersStrangers: false,
  readError: (error) => {
    const text = textOf(error);
    const exception = printed(text);
    const [facts] = isKind(exception, "tagged") ? exception.fields : [];
    if (!isKind(facts, "map")) return { message: text };
    const cause = facts.get(CAUSE);
    const data = facts.get(DATA);
    return { message: typeof cause === "string" ? cause : text, data };
  },
  spellError: ({ message, type, data }) => {
    const facts = data ?? (type === undefined ? undefined : new EdnMap([[TYPE, type]]));
    const error = new EdnMap([[CAUSE, message]]);
    return print(tagged("error", facts === undefined ? error : error.with(DATA, facts)));
  },
});

const TYPE: Keyword = keyword("type");
const SCOPE: Keyword = keyword("scope");
const REQUEST_SCOPE: Keyword = keyword("request-scope");
const REQUEST_ID: Keyword = keyword("request-id");
const FN_NAME: Keyword = keyword("fn-name");
const ARG_MAP: Keyword = keyword("arg-map");
const RESULT: Keyword = keyword("result");
const ERROR: Keyword = keyword("error");
const MESSAGE: Keyword = keyword("message");
const DATA: Keyword = keyword("data");
const CAUSE: Keyword = keyword("cause");

/** How Clojure's peers carry a `nil` that their channels could not. */
const NIL_VALUE: Keyword = keyword("is.simm.distributed-scope/nil-value");

interface Words {
  readonly names: readonly [register: string, invoke: string, result: string];
  readonly answersStrangers: boolean;
  readonly readError: (error: Edn) => RemoteFailure;
  readonly spellError: (failure: RemoteFailure, name: string | undefined) => Edn;
}

function remoteDialect({ names, answersStrangers, readError, spellError }: Words): RemoteDialect {
  const [registers, invokes, results] = names.map((name) => keyword(name));
  return {
    types: names.map((name) => keyword(name)),
    answersStrangers,
    read: (message) => {
      const type = message.get(TYPE);
      const scope = fieldOf(message, SCOPE);
      if (type === registers) return { type: "register", scope };
      const id = fieldOf(message, REQUEST_ID);
      if (type === invokes) {
        const args = message.get(ARG_MAP) ?? new EdnMap();
        if (!isKind(args, "map")) throw malformed(message, ARG_MAP);
        const requestScope = fieldOf(message, REQUEST_SCOPE);
        return { type: "invoke", scope, requestScope, name: nameOf(message), args, id };
      }
      const error = message.get(ERROR);
      if (error !== undefined)
        return { type: "result", scope, id, outcome: { failure: readError(error) } };
      const value = message.get(RESULT) ?? null;
      return { type: "result", scope, id, outcome: { value: value === NIL_VALUE ? null : value } };
    },
    spell: (message) => {
      if (message.type === "register") {
        return new EdnMap([
          [TYPE, registers ?? null],
          [SCOPE, message.scope],
        ]);
      }
      if (message.type === "invoke") {
        return new EdnMap([
          [TYPE, invokes ?? null],
          [SCOPE, message.scope],
          [REQUEST_SCOPE, message.requestScope],
          [FN_NAME, symbol(message.name)],
          [ARG_MAP, message.args],
          [REQUEST_ID, message.id],
        ]);
      }
      const { outcome } = message;
      return new EdnMap([
        [TYPE, results ?? null],
        [SCOPE, message.scope],
        [REQUEST_ID, message.id],
        "value" in outcome
          ? [RESULT, outcome.value]
          : [ERROR, spellError(outcome.failure, message.name)],
      ]);
    },
  };
}

function nameOf(message: EdnMap): string {
  const name = fieldOf(message, FN_NAME);
  if (typeof name === "string") return name;
  if (isKind(name, "symbol")) return String(name);
  throw malformed(message, FN_NAME);
}

function fieldOf(message: EdnMap, field: Keyword): Edn {
  const value = message.get(field) ?? null;
  if (value === null) throw malformed(message, field);
  return value;
}

function textOf(value: Edn): string {
  return (typeof value === "string" ? value : print(value)).slice(0, MAX_TEXT);
}

/** A stack trace in it is cut off: it is data only where it is short enough to be whole. */
const MAX_TEXT = 64 * 2 ** 10;

/** The value of a text that somebody printed; what is no EDN stays text. */
function printed(text: Edn): Edn | undefined {
  if (typeof text !== "string") return text ?? undefined;
  try {
    return read(text);
  } catch {
    return text;
  }
}

function malformed(message: EdnMap, field: Keyword): SyncError {
  return new SyncError("PROTOCOL_VIOLATION", "a message of a remote call lacks what it needs", {
    details: { type: print(message.get(TYPE) ?? null).slice(0, 100), field: field.name },
  });
}
