import { frozenArray } from "./frozen.ts";
import { identity, joinIdentities, wellFormed } from "./identity.ts";
import type { EdnMap } from "./map.ts";
import type { Edn } from "./value.ts";

/**
 * A value under a tag that nobody here knows, kept as it came so that writing it again gives the
 * same. EDN text, CBOR and transit have one field; Fressian has any number.
 */
export class Tagged {
  readonly tag: string;
  readonly fields: readonly Edn[];
  #identity: string | undefined;

  constructor(tag: string, fields: Iterable<Edn>) {
    this.tag = tag;
    this.fields = frozenArray(fields);
    Object.freeze(this);
  }

  get ednKind(): "tagged" {
    return "tagged";
  }

  get identity(): string {
    return (this.#identity ??= joinIdentities("^", [
      wellFormed(this.tag),
      ...this.fields.map(identity),
    ]));
  }
}

/** A Clojure record that has no reader here: its type's name, as on the wire, and its fields. */
export class EdnRecord {
  /** Such as `my_ns.core.Point`. */
  readonly type: string;
  readonly fields: EdnMap;
  #identity: string | undefined;

  constructor(type: string, fields: EdnMap) {
    this.type = type;
    this.fields = fields;
    Object.freeze(this);
  }

  get ednKind(): "record" {
    return "record";
  }

  /** Equal only to a record of the same type: a record is not equal to the map of its fields. */
  get identity(): string {
    return (this.#identity ??= joinIdentities("%", [wellFormed(this.type), this.fields.identity]));
  }
}

/** A URI, kept as text and never normalised. */
export class Uri {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    Object.freeze(this);
  }

  get ednKind(): "uri" {
    return "uri";
  }

  get identity(): string {
    return `~${wellFormed(this.text)}`;
  }

  toString(): string {
    return this.text;
  }
}

/** A regular expression in Java's syntax, kept as text. */
export class Regex {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
    Object.freeze(this);
  }

  get ednKind(): "regex" {
    return "regex";
  }

  get identity(): string {
    return `/${wellFormed(this.source)}`;
  }

  toString(): string {
    return this.source;
  }
}

/** The value under this tag. */
export function tagged(tag: string, ...fields: readonly Edn[]): Tagged {
  return new Tagged(tag, fields);
}

/** The record of this type with these fields. */
export function record(type: string, fields: EdnMap): EdnRecord {
  return new EdnRecord(type, fields);
}

/** The URI with this text. */
export function uri(text: string): Uri {
  return new Uri(text);
}

/** The regular expression with this source. */
export function regex(source: string): Regex {
  return new Regex(source);
}
