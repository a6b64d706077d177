import type { TagReaders } from "@datahike-sync/core";
import { type EdnSymbol, type Keyword, keyword, symbol } from "@datahike-sync/edn";
import { inValues } from "./spellings.ts";
import { OWN_NAMES } from "./tags.ts";
import { TextCache } from "./text-cache.ts";

/** What a name under tag 27 says. */
export interface ObjectName {
  /** The name as values spell it. */
  readonly tag: string;
  /** Whether it is one of this format's own, which make other kinds than tagged values. */
  readonly own: boolean;
  readonly handler: TagReaders[string] | undefined;
}

/**
 * The names that a codec has met, so that it need not spell them again: values name the same attributes
 * and types over and over.
 */
export class Vocabulary {
  /** Keywords and symbols, by the text under tag 39. */
  readonly names: TextCache<Keyword | EdnSymbol> = new TextCache(nameOf);
  /** Names under tag 27. */
  readonly objects: TextCache<ObjectName>;
  readonly #keywords: Map<Keyword, Uint8Array> = new Map();
  readonly #objects: Map<string, Uint8Array> = new Map();

  constructor(handlers: TagReaders) {
    this.objects = new TextCache((text) => objectName(text, handlers));
  }

  /** What a keyword was written in, or the head of a value under a name. */
  written(name: Keyword | string): Uint8Array | undefined {
    return typeof name === "string" ? this.#objects.get(name) : this.#keywords.get(name);
  }

  /** Remembers what a keyword was written in, or the head of a value under a name. */
  remember(name: Keyword | string, bytes: Uint8Array): void {
    if (typeof name === "string") remember(this.#objects, name, bytes);
    else remember(this.#keywords, name, bytes);
  }
}

function nameOf(text: string): Keyword | EdnSymbol {
  return text.startsWith(":") ? keyword(text.slice(1)) : symbol(text);
}

function objectName(text: string, handlers: TagReaders): ObjectName {
  const tag = inValues(text);
  const spelling = [text, tag].find((name) => Object.hasOwn(handlers, name));
  const handler = spelling === undefined ? undefined : handlers[spelling];
  return { tag, own: OWN_NAMES.has(text), handler };
}

function remember<K>(known: Map<K, Uint8Array>, name: K, bytes: Uint8Array): void {
  if (bytes.length > LONGEST) return;
  // Whoever has so many names has few of them often; all at once costs less than to find the oldest.
  if (known.size === MOST) known.clear();
  known.set(name, bytes);
}

const MOST = 1024;
const LONGEST = 64;
