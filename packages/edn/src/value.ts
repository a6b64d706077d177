import type { Char } from "./char.ts";
import type { Extension } from "./extension.ts";
import type { EdnList, RawList } from "./list.ts";
import type { EdnMap } from "./map.ts";
import type { EdnSymbol, Keyword } from "./name.ts";
import type { BigInteger, Decimal, Double, Float, Ratio } from "./number.ts";
import type { NumberArray } from "./number-array.ts";
import type { EdnSet } from "./set.ts";
import type { EdnRecord, Regex, Tagged, Uri } from "./tagged.ts";
import type { Uuid } from "./uuid.ts";

/** An EDN value. Plain JavaScript values are EDN values too; an array is a vector. */
export type Edn =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly Edn[]
  | EdnObject;

/** The kinds that have a class here. */
export type EdnObject =
  | Keyword
  | EdnSymbol
  | Uuid
  | EdnMap
  | EdnSet
  | EdnList
  | RawList
  | Char
  | Ratio
  | Decimal
  | Double
  | Float
  | BigInteger
  | Uri
  | Regex
  | NumberArray
  | EdnRecord
  | Tagged
  | Extension;
