import {
  type Edn,
  type Extension,
  identity,
  type Keyword,
  kindOf,
  SyncError,
  Tagged,
} from "@datahike-sync/edn";

/**
 * What a datom says something about: a keyword, in a database with attribute references the entity
 * id of the attribute, in one without a schema also a string.
 */
export type Attribute = Keyword | number | string;

/** One fact: entity, attribute, value, the transaction that said it, and whether it was added. */
export class Datom implements Extension {
  readonly e: number;
  readonly a: Attribute;
  readonly v: Edn;
  readonly tx: number;
  /** False for a retraction, which only temporal indices hold. */
  readonly added: boolean;

  constructor(e: number, a: Attribute, v: Edn, tx: number, added = true) {
    this.e = e;
    this.a = a;
    this.v = v;
    this.tx = tx;
    this.added = added;
  }

  get ednKind(): "extension" {
    return "extension";
  }

  get identity(): string {
    return identity(this.toEdn());
  }

  /** As Fressian writes it, under the name that stores on disk use. */
  toEdn(): Tagged {
    return new Tagged(FRESSIAN_DATOM, [[this.e, this.a, this.v, this.tx, this.added]]);
  }
}

export const FRESSIAN_DATOM = "datahike.datom.Datom";
export const CBOR_DATOM = "datahike.datom/Datom";
const EDN_DATOM = "datahike/Datom";

/**
 * The datom that a value stands for: itself, or the tagged vector that a codec without our readers
 * made of it, by its name in Fressian, CBOR or EDN text.
 *
 * @throws {SyncError} `CODEC_INVALID` when it is none.
 */
export function toDatom(value: Edn): Datom {
  if (value instanceof Datom) return value;
  const kind = kindOf(value);
  if (kind === "extension") {
    // One of another copy of this package, or something else altogether.
    const plain = (value as Extension).toEdn();
    if (kindOf(plain) === "tagged") return toDatom(plain);
  }
  if (kind === "tagged") {
    const { tag, fields } = value as Tagged;
    if (tag === FRESSIAN_DATOM || tag === CBOR_DATOM || tag === EDN_DATOM) return readDatom(fields);
  }
  throw invalidDatom(`${kind} instead of a datom`);
}

/** The datom whose one field is the vector `[e a v tx added]`. */
export function readDatom(fields: readonly Edn[]): Datom {
  const items = fields[0];
  if (fields.length !== 1 || !Array.isArray(items)) throw invalidDatom("not one vector");
  const [e, a, v, tx, added] = items as readonly Edn[];
  if (items.length !== 5 || v === undefined) throw invalidDatom(`${items.length} components`);
  if (!Number.isSafeInteger(e)) throw invalidDatom(`entity of kind ${kindOf(e)}`);
  if (!isAttribute(a)) throw invalidDatom(`attribute of kind ${kindOf(a)}`);
  if (!Number.isSafeInteger(tx)) throw invalidDatom(`transaction of kind ${kindOf(tx)}`);
  if (typeof added !== "boolean") throw invalidDatom(`assertion mark of kind ${kindOf(added)}`);
  return new Datom(e as number, a, v, tx as number, added);
}

/** The datoms of a node's keys: the very array where it holds nothing else. */
export function toDatoms(keys: readonly Edn[]): readonly Datom[] {
  return areDatoms(keys) ? keys : keys.map(toDatom);
}

function areDatoms(keys: readonly Edn[]): keys is readonly Datom[] {
  for (const key of keys) if (!(key instanceof Datom)) return false;
  return true;
}

function isAttribute(value: Edn | undefined): value is Attribute {
  return typeof value === "string" || Number.isSafeInteger(value) || kindOf(value) === "keyword";
}

function invalidDatom(problem: string): SyncError {
  return new SyncError("CODEC_INVALID", `not a datom: ${problem}`);
}
