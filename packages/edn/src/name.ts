import { wellFormed } from "./identity.ts";

/**
 * A keyword such as `:db/ident`. Interned: two keywords with the same namespace and name are the
 * same object, so `===` works. Made by {@link keyword}.
 */
export class Keyword {
  readonly namespace: string | null;
  readonly name: string;
  readonly identity: string;

  /** @internal A keyword made here is not interned; use {@link keyword}. */
  constructor(namespace: string | null, name: string) {
    this.namespace = namespace;
    this.name = name;
    this.identity = nameIdentity(":", namespace, name);
    Object.freeze(this);
  }

  get ednKind(): "keyword" {
    return "keyword";
  }

  /** As Clojure prints it, colon included. */
  toString(): string {
    return `:${joinName(this.namespace, this.name)}`;
  }
}

/** A symbol such as `clojure.core/map`. Equal by namespace and name. Made by {@link symbol}. */
export class EdnSymbol {
  readonly namespace: string | null;
  readonly name: string;
  readonly identity: string;

  constructor(namespace: string | null, name: string) {
    this.namespace = namespace;
    this.name = name;
    this.identity = nameIdentity("$", namespace, name);
    Object.freeze(this);
  }

  get ednKind(): "symbol" {
    return "symbol";
  }

  toString(): string {
    return joinName(this.namespace, this.name);
  }
}

/**
 * The keyword with this text, `keyword("db/ident")`, or with this namespace and name,
 * `keyword("db", "ident")`. A text is split at its first slash, as in Clojure.
 */
export function keyword(text: string): Keyword;
export function keyword(namespace: string | null, name: string): Keyword;
export function keyword(first: string | null, second?: string): Keyword {
  return second === undefined ? intern(...splitName(first ?? "")) : intern(first, second);
}

/** The symbol with this text, split like {@link keyword}, or with this namespace and name. */
export function symbol(text: string): EdnSymbol;
export function symbol(namespace: string | null, name: string): EdnSymbol;
export function symbol(first: string | null, second?: string): EdnSymbol {
  return second === undefined
    ? new EdnSymbol(...splitName(first ?? ""))
    : new EdnSymbol(first, second);
}

/** Namespace and name of a text: split at the first slash that has text before it and is not all. */
export function splitName(text: string): [namespace: string | null, name: string] {
  const slash = text.indexOf("/");
  return slash > 0 ? [text.slice(0, slash), text.slice(slash + 1)] : [null, text];
}

interface InternTable {
  /** By namespace, then name. Held weakly: hostile input with a million keywords leaves no trace. */
  readonly keywords: Map<string | null, Map<string, WeakRef<Keyword>>>;
  readonly dropped: FinalizationRegistry<readonly [namespace: string | null, name: string]>;
}

function intern(namespace: string | null, name: string): Keyword {
  const { keywords, dropped } = internTable();
  let names = keywords.get(namespace);
  const known = names?.get(name)?.deref();
  if (known !== undefined) return known;
  const made = new Keyword(namespace, name);
  if (names === undefined) keywords.set(namespace, (names = new Map()));
  names.set(name, new WeakRef(made));
  dropped.register(made, [namespace, name]);
  return made;
}

/** One table for all copies of this package in a realm, or `===` would fail between them. */
function internTable(): InternTable {
  const home = globalThis as { [INTERN_TABLE]?: InternTable };
  return (home[INTERN_TABLE] ??= createInternTable());
}

const INTERN_TABLE: unique symbol = Symbol.for("@datahike-sync/edn/keywords");

function createInternTable(): InternTable {
  const keywords: InternTable["keywords"] = new Map();
  const dropped: InternTable["dropped"] = new FinalizationRegistry(([namespace, name]) => {
    const names = keywords.get(namespace);
    // The same name may have been interned again since.
    if (names?.get(name)?.deref() !== undefined) return;
    names?.delete(name);
    if (names?.size === 0) keywords.delete(namespace);
  });
  return { keywords, dropped };
}

function joinName(namespace: string | null, name: string): string {
  return namespace === null ? name : `${namespace}/${name}`;
}

/**
 * Where {@link splitName} would not find the two parts again, the length of the first tells them; NUL
 * and a slash begin no other text's {@link wellFormed}.
 */
function nameIdentity(mark: string, namespace: string | null, name: string): string {
  const text = joinName(namespace, name);
  const [splitNamespace, splitRest] = splitName(text);
  return splitNamespace === namespace && splitRest === name
    ? mark + wellFormed(text)
    : `${mark}\0/${namespace?.length ?? ""}/${wellFormed(text)}`;
}
