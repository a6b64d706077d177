/** The struct tags that are part of the format. */

/** Forms of structs that have no code of their own. Above any code. */
export const APPLICATION = 0x100;
export const VECTOR = 0x101;
export const LIST = 0x102;
export const RECORD = 0x103;
export const RATIO = 0x104;
export const CHAR = 0x105;
export const BYTE = 0x106;

/** The code of a tag where it has one, else its form. A tag that is not here is an application's. */
export const FORMS: ReadonlyMap<string, number> = new Map([
  ["map", 0xc0],
  ["set", 0xc1],
  ["uuid", 0xc3],
  ["regex", 0xc4],
  ["uri", 0xc5],
  ["bigint", 0xc6],
  ["bigdec", 0xc7],
  ["inst", 0xc8],
  ["sym", 0xc9],
  ["key", 0xca],
  ["long[]", 0xb0],
  ["double[]", 0xb1],
  ["boolean[]", 0xb2],
  ["int[]", 0xb3],
  ["float[]", 0xb4],
  ["Object[]", 0xb5],
  ["pvec", VECTOR],
  ["plist", LIST],
  ["irecord", RECORD],
  ["ratio", RATIO],
  ["char", CHAR],
  ["byte", BYTE],
]);
