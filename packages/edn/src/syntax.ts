/** The characters and names of EDN text: what the reader takes and the printer may write. */

const CONSTITUENT = 0;
const BLANK = 1;
const DELIMITER = 2;

/** Whether a UTF-16 unit is whitespace as Java and EDN see it, the comma included. */
export function isBlank(code: number): boolean {
  return code < 128 ? CLASSES[code] === BLANK : isWideBlank(code);
}

/** Whether a UTF-16 unit ends a name or number. */
export function endsToken(code: number): boolean {
  return code < 128 ? CLASSES[code] !== CONSTITUENT : isWideBlank(code);
}

/** Whether a UTF-16 unit is one of `0` to `9`. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether the text behind a keyword's colon names that keyword and nothing else. */
export function isKeywordText(text: string): boolean {
  // Two colons are Clojure's "in the current namespace", which EDN has not.
  return text.charCodeAt(0) !== 0x3a && isNameText(text);
}

/** Whether a text reads as the symbol of that name, and not as a number, `nil` or a boolean. */
export function isSymbolText(text: string): boolean {
  const first = text.charCodeAt(0);
  return (
    isNameText(text) &&
    !startsNumber(first, text.charCodeAt(1)) &&
    !isSymbolStop(first) &&
    text !== "nil" &&
    text !== "true" &&
    text !== "false"
  );
}

/** Whether a text can stand behind `#`: a symbol that begins with a letter. */
export function isTagText(text: string): boolean {
  return LETTER.test(text) && isSymbolText(text);
}

/** Whether a token with these first two units is a number. */
export function startsNumber(first: number, second: number): boolean {
  return isDigit(first) || ((first === 0x2b || first === 0x2d) && isDigit(second));
}

/** A namespace and a name, neither empty, where there is a slash; the name alone may be the slash. */
function isNameText(text: string): boolean {
  if (text === "" || hasTokenEnd(text)) return false;
  const slash = text.indexOf("/");
  return slash < 0 || text === "/" || (slash > 0 && slash < text.length - 1);
}

function hasTokenEnd(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (endsToken(text.charCodeAt(i))) return true;
  return false;
}

/** Units that a symbol has only further in: `:`, `#`, and Clojure's `@`, `` ` ``, `~`. */
function isSymbolStop(first: number): boolean {
  return first === 0x3a || first === 0x23 || first === 0x40 || first === 0x60 || first === 0x7e;
}

/** The space separators of Unicode but the no-break spaces, as `Character.isWhitespace` has it. */
function isWideBlank(code: number): boolean {
  if (code < 0x1680) return false;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a && code !== 0x2007) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x205f ||
    code === 0x3000
  );
}

const LETTER = /^\p{L}/u;

const CLASSES: Readonly<Uint8Array> = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(128);
  for (const code of [9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x2c]) table[code] = BLANK;
  for (const character of '"();[\\]^{}') table[character.charCodeAt(0)] = DELIMITER;
  return table;
}
