/**
 * The tags of composite values. Transit's own, which are lists, sets, maps with any keys, ratios, values
 * with metadata, quoted scalars, and incognito's records; and those that EDN text has for what it, too,
 * lacks a form for.
 */
import type { TagReaders } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  type EdnRecord,
  isKind,
  keyword,
  kindOf,
  record,
  regex,
  symbol,
  Tagged,
} from "@datahike-sync/edn";
import { isScalarTag } from "./scalars.ts";

export const LIST = "list";
export const SET = "set";
export const COMPOSITE_MAP = "cmap";
export const RATIO = "ratio";
export const WITH_META = "with-meta";
export const QUOTE = "'";
export const RECORD = "incognito";
export const REGEX = "regex";
export const KEYWORD = "keyword";
export const SYMBOL = "symbol";
export const TAGGED = "tagged";

/** A string that is a tag: what it is on, and who reads that. */
export class Tag {
  readonly name: string;
  /** The reader of an application, for tags that are not transit's own. */
  readonly handler: TagReaders[string] | undefined;

  constructor(name: string, handlers: TagReaders) {
    this.name = name;
    const isFree = !isScalarTag(name) && !OWN.has(name);
    this.handler = isFree && Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  }
}

/** Whether what is under a tag may be read as another kind than a tagged value. */
export function isReserved(tag: string): boolean {
  return isScalarTag(tag) || OWN.has(tag) || SPELLED.has(tag);
}

/** What a tag that is no application's stands for: a `Tagged`, where it is none that is known here. */
export function readTagged(tag: string, value: Edn): Edn {
  switch (tag) {
    case RECORD:
      return recordOf(value) ?? unknown(tag, value);
    case REGEX:
      return typeof value === "string" ? regex(value) : unknown(tag, value);
    case KEYWORD: {
      const name = nameOf(value);
      return name === undefined ? unknown(tag, value) : keyword(...name);
    }
    case SYMBOL: {
      const name = nameOf(value);
      return name === undefined ? unknown(tag, value) : symbol(...name);
    }
    case TAGGED:
      return taggedOf(value) ?? unknown(tag, value);
    default:
      return unknown(tag, value);
  }
}

/** What incognito writes of a record. */
export function recordForm({ type, fields }: EdnRecord): EdnMap {
  return EdnMap.fromFlat([keyword("tag"), symbol(type), keyword("value"), fields]);
}

function unknown(tag: string, value: Edn): Tagged {
  return new Tagged(tag, Object.freeze([value]));
}

const OWN: ReadonlySet<string> = new Set([LIST, SET, COMPOSITE_MAP, RATIO, WITH_META, QUOTE]);
const SPELLED: ReadonlySet<string> = new Set([RECORD, REGEX, KEYWORD, SYMBOL, TAGGED]);

function recordOf(value: Edn): EdnRecord | undefined {
  if (!isKind(value, "map") || value.size !== 2) return undefined;
  const [type, fields] = [value.get(keyword("tag")), value.get(keyword("value"))];
  return isKind(type, "symbol") && isKind(fields, "map")
    ? record(type.toString(), fields)
    : undefined;
}

function nameOf(value: Edn): [namespace: string | null, name: string] | undefined {
  const [namespace, name, ...rest] = itemsOf(value);
  if (typeof name !== "string" || rest.length > 0) return undefined;
  return namespace === null || typeof namespace === "string" ? [namespace, name] : undefined;
}

function taggedOf(value: Edn): Tagged | undefined {
  const items = itemsOf(value);
  const [tag] = items;
  return typeof tag === "string" ? new Tagged(tag, Object.freeze(items.slice(1))) : undefined;
}

function itemsOf(value: Edn): readonly Edn[] {
  return kindOf(value) === "vector" ? (value as readonly Edn[]) : [];
}
