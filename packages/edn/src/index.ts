/** @packageDocumentation Values of EDN: kinds, equality, identity, order, reader and printer. */
export { Char, char } from "./char.ts";
export { type ErrorDetails, isSyncError, SyncError, type SyncErrorOptions } from "./error.ts";
export type { Extension } from "./extension.ts";
export { equals, identity } from "./identity.ts";
export { isLong, type Kind, kindOf, type ObjectKind } from "./kind.ts";
export { EdnList, list, RawList, rawList } from "./list.ts";
export { EdnMap } from "./map.ts";
export { EdnSymbol, Keyword, keyword, symbol } from "./name.ts";
export {
  BigInteger,
  bigInteger,
  Decimal,
  Double,
  decimal,
  double,
  Float,
  float,
  formatDouble,
  long,
  Ratio,
  ratio,
} from "./number.ts";
export {
  type ElementType,
  NumberArray,
  type NumberArrayItems,
  numberArray,
} from "./number-array.ts";
export { EdnSet } from "./set.ts";
export { EdnRecord, Regex, record, regex, Tagged, tagged, Uri, uri } from "./tagged.ts";
export { randomUuid, Uuid, uuid } from "./uuid.ts";
export type { Edn, EdnObject } from "./value.ts";
