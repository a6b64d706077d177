/** @packageDocumentation Values of EDN: kinds, equality, identity, order, reader and printer. */
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { Char, char } from "./char.ts";
export { compare, compareNames, compareStrings, compareUuids } from "./compare.ts";
export { compareNumbers, type EdnNumber, isNumber, type Order } from "./compare-numbers.ts";
export type { TagReaders } from "./default-tags.ts";
export { type ErrorDetails, isSyncError, SyncError, type SyncErrorOptions } from "./error.ts";
export type { Extension } from "./extension.ts";
export { equals, identity } from "./identity.ts";
export { parseInstant } from "./instant.ts";
export { fromJs, type JsOptions, toJs } from "./js.ts";
export { isKind, isLong, type Kind, kindOf, type ObjectKind } from "./kind.ts";
export { MAX_DEPTH } from "./limits.ts";
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
export { print } from "./print.ts";
export { type ReaderOptions, read, readAll } from "./read.ts";
export { EdnSet } from "./set.ts";
export { snapshot } from "./snapshot.ts";
export { EdnRecord, Regex, record, regex, Tagged, tagged, Uri, uri } from "./tagged.ts";
export { fromTwosComplement, toTwosComplement } from "./twos-complement.ts";
export { randomUuid, Uuid, uuid } from "./uuid.ts";
export type { Edn, EdnObject } from "./value.ts";
