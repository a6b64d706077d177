/** Instants as RFC 3339 writes them, and as seconds since 1970. */

/** The text of an instant, or `undefined` for one in a year that has not four digits. */
export function formatInstant(date: Date): string | undefined {
  const text = date.toISOString();
  if (text.length !== LENGTH) return undefined;
  return text.endsWith(".000Z") ? text.replace(".000", "") : text;
}

const LENGTH = "2025-12-17T09:06:25.123Z".length;

/** The instant of a text, or `undefined` for none. Digits below a millisecond are dropped. */
export function parseInstant(text: string): Date | undefined {
  // Not `exec`: a match is ten objects, and every entry of a store has an instant.
  if (!RFC_3339.test(text)) return undefined;
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const date = new Date(0);
  date.setUTCFullYear(100 * twoDigits(text, 0) + twoDigits(text, 2), month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  // A leap second is the last of its hour.
  if (hour > 23 || minute > 59 || second > (minute === 59 ? 60 : 59)) return undefined;
  const offset = offsetMinutes(text);
  if (offset === undefined) return undefined;
  date.setUTCHours(hour, minute - offset, second, milliseconds(text));
  return date;
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,30})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** What the first three digits behind a point say. */
function milliseconds(text: string): number {
  return text[19] === "." ? 10 * twoDigits(text, 20) + digit(text, 22) : 0;
}

/** By how much a time is ahead of UTC, or `undefined` where that is a day or more. */
function offsetMinutes(text: string): number | undefined {
  const start = text.length - 6;
  if (text[start] !== "+" && text[start] !== "-") return 0;
  const [hours, minutes] = [twoDigits(text, start + 1), twoDigits(text, start + 4)];
  if (hours > 23 || minutes > 59) return undefined;
  return (text[start] === "-" ? -1 : 1) * (60 * hours + minutes);
}

function twoDigits(text: string, at: number): number {
  return 10 * digit(text, at) + digit(text, at + 1);
}

/** A digit, or 0 where there is none. */
function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 0x30;
  return value >= 0 && value <= 9 ? value : 0;
}

/** The instant so many seconds after 1970, to the millisecond; `undefined` beyond those of `Date`. */
export function instantOf(seconds: number): Date | undefined {
  const whole = Math.trunc(seconds);
  // Not all at once: far from 1970 the product would be another millisecond's.
  const date = new Date(whole * 1000 + Math.round((seconds - whole) * 1000));
  return Number.isNaN(date.getTime()) ? undefined : date;
}
