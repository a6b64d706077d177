/** The kinds of fields that messages have: how each is written as EDN, and what is refused on reading. */
import { type Edn, isKind, kindOf, type Uuid } from "@datahike-sync/edn";
import type { Cursor, StepCursor } from "../feed.ts";

export interface Field<T> {
  /** For errors: `a count`. */
  readonly name: string;
  write(value: T): Edn;
  /** @throws {TypeError} when the other side wrote something else. */
  read(value: Edn): T;
}

/** A whole number from 0 to 2^53 - 1. */
export const count: Field<number> = {
  name: "a count",
  write: (value) => value,
  read(value) {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw unexpected(this.name, value);
  },
};

export const text: Field<string> = {
  name: "a text",
  write: (value) => value,
  read(value) {
    if (typeof value === "string") return value;
    throw unexpected(this.name, value);
  },
};

export const boolean: Field<boolean> = {
  name: "a boolean",
  write: (value) => value,
  read(value) {
    if (typeof value === "boolean") return value;
    throw unexpected(this.name, value);
  },
};

export const uuid: Field<Uuid> = {
  name: "a UUID",
  write: (value) => value,
  read(value) {
    if (isKind(value, "uuid")) return value;
    throw unexpected(this.name, value);
  },
};

/** Any value, not looked into. */
export const edn: Field<Edn> = {
  name: "a value",
  write: (value) => value,
  read: (value) => value,
};

/** 64 bits without sign, as 8 bytes: Clojure's long has one. */
export const bits64: Field<bigint> = {
  name: "64 bits",
  write(value) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    return bytes;
  },
  read(value) {
    if (!(value instanceof Uint8Array) || value.length !== 8) throw unexpected(this.name, value);
    return new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0);
  },
};

/** A field that may be nil, which means that it is absent. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    name: field.name,
    write: (value) => (value === undefined ? null : field.write(value)),
    read: (value) => (value === null ? undefined : field.read(value)),
  };
}

/** Items of one kind, in order. */
export function list<T>(field: Field<T>): Field<readonly T[]> {
  return {
    name: `a vector of ${field.name}`,
    write: (values) => values.map((value) => field.write(value)),
    read(value) {
      if (!Array.isArray(value)) throw unexpected(this.name, value);
      return (value as readonly Edn[]).map((item) => field.read(item));
    },
  };
}

/** One of some texts. */
export function oneOf<T extends string>(...choices: readonly T[]): Field<T> {
  return {
    name: `one of ${choices.join(", ")}`,
    write: (value) => value,
    read(value) {
      const choice = choices.find((one) => one === value);
      if (choice === undefined) throw unexpected(this.name, value);
      return choice;
    },
  };
}

/**
 * Named fields as a vector, in the order of `fields`. Nils at its end are left out, so a field that
 * comes to it later costs nothing where it is absent; what stands behind the last field is refused.
 */
export function struct<T extends object>(
  fields: {
    readonly [K in keyof T]-?: Field<T[K]>;
  },
): Field<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return {
    name: `[${names.join(" ")}]`,
    // Loops, because every batch has a head: a closure for each field would cost more than the fields.
    write(value) {
      const items: Edn[] = [];
      let wanted = 0;
      for (const name of names) {
        const item = fields[name].write(value[name]);
        items.push(item);
        if (item !== null) wanted = items.length;
      }
      items.length = wanted;
      return items;
    },
    read(value) {
      if (!Array.isArray(value) || value.length > names.length) throw unexpected(this.name, value);
      const items = value as readonly Edn[];
      const result: Partial<T> = {};
      let place = 0;
      try {
        for (const name of names) result[name] = fields[name].read(items[place++] ?? null);
      } catch (error) {
        throw error instanceof TypeError ? named(names[place - 1] ?? "", error) : error;
      }
      return result as T;
    },
  };
}

/** Era and commit. */
export const cursor: Field<Cursor> = struct<Cursor>({ era: text, seq: count });

/** A cursor, and behind it that of the store that was followed there. */
export const stepCursor: Field<StepCursor> = struct<StepCursor>({
  era: text,
  seq: count,
  origin: optional(cursor),
});

function named(name: string, error: TypeError): TypeError {
  return new TypeError(`${name}: ${error.message}`);
}

function unexpected(wanted: string, value: Edn): TypeError {
  return new TypeError(`${kindOf(value)} instead of ${wanted}`);
}
