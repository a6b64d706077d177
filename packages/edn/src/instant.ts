/** Instants as text: RFC 3339, of any precision on reading, as the JVM prints them on writing. */

const INSTANT =
  /^(\d{4,6}|[+-]\d{6})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,30}))?)?)?)?)?)?(?:Z|([+-])(\d\d):(\d\d))?$/;

const INVALID = "NaN";

/**
 * The instant of a text such as `2025-12-17T15:26:25.123-00:00` or `2025`; digits below a
 * millisecond are dropped. A year beyond four digits has six and a sign, as in JavaScript.
 *
 * @throws {RangeError} when it is none.
 */
export function parseInstant(text: string): Date {
  if (text === INVALID) return new Date(Number.NaN);
  const match = INSTANT.exec(text);
  if (match === null) throw new RangeError("not an instant");
  const [, year, month = "1", day = "1", hours = "0", minutes = "0", seconds = "0"] = match;
  const [fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = match.slice(7);
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  const [h, min, s] = [Number(hours), Number(minutes), Number(seconds)];
  const [oh, om] = [Number(offsetHours), Number(offsetMinutes)];
  const instant = new Date(0);
  instant.setUTCFullYear(y, m - 1, d);
  if (instant.getUTCMonth() !== m - 1 || instant.getUTCDate() !== d) {
    throw new RangeError("no such day");
  }
  // A leap second is the last of its hour.
  if (h > 23 || min > 59 || s > (min === 59 ? 60 : 59) || oh > 23 || om > 59) {
    throw new RangeError("no such time");
  }
  instant.setUTCHours(h, min, s, Number(fraction.slice(0, 3).padEnd(3, "0")));
  instant.setTime(instant.getTime() + (sign === "-" ? 60_000 : -60_000) * (oh * 60 + om));
  if (Number.isNaN(instant.getTime())) throw new RangeError("the instant is out of range");
  return instant;
}

/** The text that {@link parseInstant} reads as this instant. */
export function formatInstant(instant: Date): string {
  return Number.isNaN(instant.getTime()) ? INVALID : instant.toISOString().replace("Z", "-00:00");
}
