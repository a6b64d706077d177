import { frozenArray } from "./frozen.ts";
import { identity, joinIdentities } from "./identity.ts";
import { double, float, long } from "./number.ts";
import type { Edn } from "./value.ts";

/** What the arrays of each element type hold. */
export interface NumberArrayItems {
  readonly short: Int16Array;
  readonly int: Int32Array;
  readonly long: BigInt64Array;
  readonly float: Float32Array;
  readonly double: Float64Array;
  readonly boolean: readonly boolean[];
  readonly object: readonly Edn[];
}

export type ElementType = keyof NumberArrayItems;

/** A Java array other than `byte[]`, which is a `Uint8Array`. Made by {@link numberArray}. */
export class NumberArray<T extends ElementType = ElementType> {
  readonly element: T;
  /** Owned by this value: do not change them. */
  readonly items: NumberArrayItems[T];
  #identity: string | undefined;

  constructor(element: T, items: NumberArrayItems[T]) {
    this.element = element;
    // A cast, since the compiler does not see that only these two element types have plain arrays.
    this.items = Array.isArray(items) ? (frozenArray(items) as NumberArrayItems[T]) : items;
    Object.freeze(this);
  }

  get ednKind(): "numberArray" {
    return "numberArray";
  }

  get identity(): string {
    return (this.#identity ??= joinIdentities("<", [this.element, ...this.toEdn().map(identity)]));
  }

  get length(): number {
    return this.items.length;
  }

  /** The elements as EDN values, each of the kind that the JVM has in this array. */
  toEdn(): Edn[] {
    const items: NumberArrayItems[ElementType] = this.items;
    if (items instanceof BigInt64Array) return Array.from(items, long);
    if (items instanceof Float64Array) return Array.from(items, double);
    if (items instanceof Float32Array) return Array.from(items, float);
    return Array.from<Edn>(items);
  }
}

/** The Java array with these elements, which from now on belong to it. */
export function numberArray<T extends ElementType>(
  element: T,
  items: NumberArrayItems[T],
): NumberArray<T> {
  return new NumberArray(element, items);
}
