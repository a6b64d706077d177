import { compareNumbers, type EdnNumber } from "@datahike-sync/edn";

/**
 * Compares two numbers as Clojure does: as doubles when one of them is a double or float, where NaN is
 * the same as every number, exactly otherwise.
 */
export function compareNumberValues(a: EdnNumber, b: EdnNumber): number {
  if (!isFloating(a) && !isFloating(b)) return compareNumbers(a, b);
  const [x, y] = [toDouble(a), toDouble(b)];
  if (x < y) return -1;
  return x > y ? 1 : 0;
}

function isFloating(value: EdnNumber): boolean {
  if (typeof value === "number") return !Number.isSafeInteger(value);
  return typeof value === "object" && (value.ednKind === "double" || value.ednKind === "float");
}

function toDouble(value: EdnNumber): number {
  if (typeof value !== "object") return Number(value);
  switch (value.ednKind) {
    case "ratio":
      return Number(value.numerator) / Number(value.denominator);
    case "decimal":
      return Number(value.toString());
    default:
      return Number(value.value);
  }
}
