/**
 * Names of Datahike that Fressian spells with a dot and CBOR with a slash. In values they are spelled as
 * in Fressian, so that a value is the same whichever codec read it, and each codec can write it.
 */

/** How a name is spelled in values, where CBOR spells it so. */
export function inValues(name: string): string {
  return IN_VALUES.get(name) ?? name;
}

/** How a name is spelled in CBOR, where values spell it so. */
export function inCbor(name: string): string {
  return IN_CBOR.get(name) ?? name;
}

const SPELLINGS: readonly (readonly [inCbor: string, inValues: string])[] = [
  ["datahike.datom/Datom", "datahike.datom.Datom"],
  ["datahike.db/DB", "datahike.db.DB"],
  ["datahike.db/TxReport", "datahike.db.TxReport"],
];

const IN_VALUES: ReadonlyMap<string, string> = new Map(SPELLINGS);
const IN_CBOR: ReadonlyMap<string, string> = new Map(
  SPELLINGS.map(([cbor, value]) => [value, cbor]),
);
