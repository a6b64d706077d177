/** The printer of EDN text. */
import { encodeBase64 } from "./base64.ts";
import { arrayTag, DEFAULT_TAGS, readsAsItsValue, wrapRecord } from "./default-tags.ts";
import { formatCharacter, formatString, isPrintable } from "./escapes.ts";
import { formOf } from "./extension.ts";
import { formatInstant } from "./instant.ts";
import { isKind, isLong, notEdn } from "./kind.ts";
import { enter } from "./limits.ts";
import type { EdnMap } from "./map.ts";
import { type EdnSymbol, type Keyword, splitName } from "./name.ts";
import { formatDouble } from "./number.ts";
import type { NumberArray } from "./number-array.ts";
import { isKeywordText, isSymbolText, isTagText } from "./syntax.ts";
import type { EdnRecord, Tagged } from "./tagged.ts";
import type { Edn, EdnObject } from "./value.ts";

/**
 * The text of a value, on one line, as Clojure prints it wherever Clojure's text can be read again.
 * `read` makes an equal value of the same kind from it, for every kind: those that EDN text lacks get
 * tags that `read` knows. An extension is printed as its EDN form.
 *
 * @throws {TypeError} when something in it is no EDN value.
 * @throws {RangeError} when it is nested deeper than `MAX_DEPTH`, or holds itself.
 */
export function print(value: Edn): string {
  return printAt(value, 0);
}

/** Counts `depth` as the reader will: one for each collection and each tag around the value. */
function printAt(value: Edn, depth: number): string {
  switch (typeof value) {
    case "string":
      return formatString(value);
    case "number":
      return Number.isSafeInteger(value) ? `${value}` : printDouble(formatDouble(value));
    case "boolean":
      return `${value}`;
    case "bigint":
      return isLong(value) ? `${value}` : `${value}N`;
    case "object":
      return printObject(value, depth);
    default:
      throw notEdn(value);
  }
}

function printObject(
  value: Exclude<Edn, string | number | boolean | bigint>,
  depth: number,
): string {
  if (value === null) return "nil";
  if ("ednKind" in value) return printEdnObject(value, depth);
  if (value instanceof Uint8Array) return printTag("bytes", encodeBase64(value), depth);
  if (value instanceof Date) return printTag("inst", formatInstant(value), depth);
  if (Array.isArray(value)) return `[${printItems(value, depth)}]`;
  throw notEdn(value);
}

function printEdnObject(value: EdnObject, depth: number): string {
  switch (value.ednKind) {
    case "keyword":
      return printKeyword(value, depth);
    case "symbol":
      return printSymbol(value, depth);
    case "uuid":
      return printTag("uuid", value.toString(), depth);
    case "map":
      return printMap(value, depth);
    case "set":
      return `#{${printItems(value, depth)}}`;
    case "list":
      return `(${printItems(value, depth)})`;
    case "rawList":
      return `#java.util.List [${printItems(value, enter(depth))}]`;
    case "char":
      return formatCharacter(value.toString());
    case "ratio":
    case "double":
      return value.toString();
    case "decimal":
      return `${value.toString()}M`;
    case "float":
      enter(depth);
      return `#float ${printDouble(value.toString())}`;
    case "bigInteger":
      return `${value.value}N`;
    case "uri":
      return printTag("uri", value.text, depth);
    case "regex":
      return printTag("regex", value.source, depth);
    case "numberArray":
      return `#${arrayTag(value)} [${printElements(value, enter(depth))}]`;
    case "record":
      return printRecord(value, depth);
    case "tagged":
      return printTagged(value, depth);
    case "extension":
      return printAt(formOf(value), depth);
    default:
      throw notEdn(value);
  }
}

function printItems(items: Iterable<Edn>, depth: number): string {
  const inside = enter(depth);
  let text = "";
  let separator = "";
  for (const item of items) {
    text += separator + printAt(item, inside);
    separator = " ";
  }
  return text;
}

function printMap(map: EdnMap, depth: number): string {
  const inside = enter(depth);
  let text = "{";
  let separator = "";
  for (const [key, value] of map) {
    text += `${separator}${printAt(key, inside)} ${printAt(value, inside)}`;
    separator = ", ";
  }
  return `${text}}`;
}

/** The tag says what the elements are: `#float-array [1.5]`, not `[#float 1.5]`. */
function printElements(array: NumberArray, depth: number): string {
  if (array.element === "float") {
    enter(depth);
    return array.toEdn().map(printFloat).join(" ");
  }
  return printItems(array.toEdn(), depth);
}

function printRecord(record: EdnRecord, depth: number): string {
  // One layer more, since the reader takes one away.
  const written = readsAsItsValue(record) ? wrapRecord(record) : record;
  const fields = printMap(written.fields, enter(enter(depth)));
  return `#record [${formatString(written.type)} ${fields}]`;
}

function printTagged({ tag, fields }: Tagged, depth: number): string {
  const [field] = fields;
  return field !== undefined && fields.length === 1 && isPlainTag(tag)
    ? `#${tag} ${printAt(field, enter(depth))}`
    : `#tagged [${printItems([tag, ...fields], enter(depth))}]`;
}

/** Not so where the tag would be read as another kind. */
function isPlainTag(tag: string): boolean {
  return isTagText(tag) && !Object.hasOwn(DEFAULT_TAGS, tag) && isPrintable(tag);
}

function printKeyword(value: Keyword, depth: number): string {
  const text = value.toString();
  return isKeywordText(text.slice(1)) && isPlainName(text.slice(1), value)
    ? text
    : `#keyword [${printItems([value.namespace, value.name], enter(depth))}]`;
}

function printSymbol(value: EdnSymbol, depth: number): string {
  const text = value.toString();
  return isSymbolText(text) && isPlainName(text, value)
    ? text
    : `#symbol [${printItems([value.namespace, value.name], enter(depth))}]`;
}

function isPlainName(text: string, { namespace, name }: Keyword | EdnSymbol): boolean {
  const [splitNamespace, splitRest] = splitName(text);
  return splitNamespace === namespace && splitRest === name && isPrintable(text);
}

function printTag(tag: string, text: string, depth: number): string {
  enter(depth);
  return `#${tag} ${formatString(text)}`;
}

function printFloat(value: Edn): string {
  return isKind(value, "float") ? printDouble(value.toString()) : "";
}

/** Where Java prints what EDN spells otherwise. */
function printDouble(text: string): string {
  return SYMBOLIC.get(text) ?? text;
}

const SYMBOLIC: ReadonlyMap<string, string> = new Map([
  ["NaN", "##NaN"],
  ["Infinity", "##Inf"],
  ["-Infinity", "##-Inf"],
]);
