/** What is read is what was written, and belongs to whom. */
import { binary, type KeyEntry } from "@datahike-sync/core";
import {
  char,
  type Edn,
  equals,
  identity,
  keyword,
  kindOf,
  list,
  print,
  uuid,
} from "@datahike-sync/edn";
import { ednArbitrary, keyArbitrary } from "@datahike-sync/edn/arbitrary";
import fc from "fast-check";
import { check, sameBytes } from "../check.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import {
  checkTexts,
  checkValue,
  listed,
  remove,
  type StoreContext,
  set,
  textOf,
} from "./subject.ts";

export const absent: Case<StoreContext> = {
  says: "what was never set is undefined, and so is what was deleted",
  async run(context) {
    const store = await context.store();
    await store.set("deleted", 1);
    check(await store.delete("deleted"), "delete did not tell that there was something");
    check(!(await store.delete("deleted")), "a second delete told that there was something");
    for (const key of ["never", "deleted"]) {
      checkValue(await store.get(key), undefined, `get of what is ${key}`);
      check((await store.get(key, { encoded: true })) === undefined, `encoded, ${key} is there`);
      check((await store.getMeta(key)) === undefined, `getMeta of what is ${key} is there`);
      check(!(await store.has(key)), `has of what is ${key} is true`);
    }
    const many = await store.getMany(["never", "deleted"]);
    check(many.length === 2 && many.every((value) => value === undefined), "getMany found some");
    check((await listed(store)).length === 0, "keys lists what was deleted");
  },
};

export const emptyValues: Case<StoreContext> = {
  says: "nil, false, the empty string and empty bytes are values",
  async run(context) {
    const store = await context.store();
    const values: readonly Edn[] = [null, false, "", 0, new Uint8Array(0), []];
    await store.write(values.map((value, key) => set(key, value)));
    for (const [key, value] of values.entries()) {
      checkValue(await store.get(key), value, `the value of ${key}`);
      check(await store.has(key), `${textOf(value)} is not there`);
    }
    const many = await store.getMany(values.map((_, key) => key));
    for (const [key, value] of values.entries()) checkValue(many[key], value, "in getMany");
  },
};

export const keysApart: Case<StoreContext> = {
  says: "keys that differ are kept apart, the empty ones, those of other kinds and of all characters",
  async run(context) {
    const store = await context.store();
    await store.write(TROUBLE.map((key, value) => set(key, value)));
    for (const [value, key] of TROUBLE.entries()) {
      checkValue(await store.get(key), value, `the value of ${print(key)}`);
    }
    for (const key of TROUBLE) check(await store.delete(key), `${print(key)} is not there`);
    check((await listed(store)).length === 0, "some were left after all were deleted");
  },
};

export const equalKeys: Case<StoreContext> = {
  says: "keys that are equal are one key",
  async run(context) {
    const store = await context.store();
    await store.set([1, "a"], "vector");
    await store.set(list(1, "a"), "list");
    checkValue(await store.get([1, "a"]), "list", "the value under an equal key");
    check((await listed(store)).length === 1, "equal keys are listed twice");
    await store.set([new Date(5)], "date");
    checkValue(await store.get([new Date(5)]), "date", "the value under an equal date");
  },
};

export const allValues: Case<StoreContext> = {
  says: "every value comes back equal and of its kind, under every key",
  async run(context) {
    const store = await context.store();
    const options = { portable: true, ...context.values };
    const { without = [] } = context.values;
    // However few random values there are: what is most easily taken for another kind is among them.
    for (const value of TWINS) {
      if (without.some((kind) => kind === kindOf(value))) continue;
      await store.set("twin", value);
      checkValue(await store.get("twin"), value, "the value");
    }
    const entries = fc.tuple(keyArbitrary(fc, options), ednArbitrary(fc, options));
    await forAll(entries, context.parameters, async ([key, value]) => {
      await store.set(key, value);
      const got = await store.get(key);
      check(got !== undefined && equals(got, value), () => `${textOf(got)} is not what was set`);
      checkValue(got, value, "the value");
    });
  },
};

export const largeValues: Case<StoreContext> = {
  says: "values of all sizes come back, replace each other, and go",
  async run(context) {
    const store = await context.store();
    for (const length of [0, 1, 1000, 1023, 1024, 1025, 70_000, 3, 2 ** 20, 2 ** 20, 0]) {
      const bytes = new Uint8Array(length).map((_, i) => i * 31 + length);
      await store.set("edn", "x".repeat(length));
      await store.set("bytes", bytes, { type: "binary" });
      checkValue(await store.get("edn"), "x".repeat(length), `a text of ${length}`);
      const [got, text] = await store.getMany(["bytes", "edn"]);
      const isSame = got instanceof Uint8Array && sameBytes(got, bytes);
      check(isSame, `${length} bytes did not come back`);
      checkValue(text, "x".repeat(length), `a text of ${length} by getMany`);
    }
    // Of one length, and yet not the same.
    await store.set("edn", "y".repeat(5000));
    await store.set("edn", "z".repeat(5000));
    checkValue(await store.get("edn"), "z".repeat(5000), "a value replaced by one of its length");
    await store.write([remove("edn"), remove("bytes")]);
    check((await listed(store)).length === 0, "large values are left after their delete");
  },
};

export const metadata: Case<StoreContext> = {
  says: "metadata is what was given, or the defaults, however it is asked for",
  async run(context) {
    const store = await context.store();
    await store.set("plain", 1);
    await store.set("full", 1, { lastWrite: 5, immutable: true });
    await store.set("bytes", Uint8Array.of(1), { type: "binary" });
    const expected: Readonly<Record<string, string>> = {
      plain: `edn ${context.nowMs} false none`,
      full: "edn 5 true none",
      bytes: `binary ${context.nowMs} false none`,
    };
    for (const [key, meta] of Object.entries(expected)) {
      const asked = await store.getMeta(key);
      check(asked !== undefined, `there is no metadata of ${key}`);
      checkTexts([metaText(asked)], [meta], `the metadata of ${key}`);
      const entry = await store.get(key, { encoded: true });
      check(entry !== undefined, `${key} cannot be had encoded`);
      checkTexts([metaText(entry)], [meta], `the metadata of ${key} with its value`);
    }
    for (const entry of await listed(store)) {
      const key = typeof entry.key === "string" ? entry.key : print(entry.key);
      checkTexts([metaText(entry)], [String(expected[key])], `the metadata of ${key} in keys`);
    }
  },
};

export const encodedValues: Case<StoreContext> = {
  says: "an entry that is read encoded can be written so to another store, with the same value",
  async run(context) {
    const [from, to] = [await context.store(), await context.store()];
    await from.set("edn", [keyword("a"), "text"]);
    await from.set("bytes", Uint8Array.of(1, 2), { type: "binary" });
    const entries = await from.getMany(["edn", "bytes", "none"], { encoded: true });
    check(entries[2] === undefined, "there is an entry where there is none");
    check(entries[1]?.value.codec === "binary", "binary bytes have another codec");
    for (const entry of entries) {
      if (entry === undefined) continue;
      await to.set(entry.key, entry.value, { type: entry.type, lastWrite: entry.lastWrite });
      const got = await to.get(entry.key);
      checkValue(got, await from.get(entry.key), "the value that was passed on");
      checkValue(entry.value.decode(), got, "the value that is decoded");
    }
    await to.write([{ ...set("copy", binary(Uint8Array.of(3))), type: "binary" }]);
    checkValue(await to.get("copy"), Uint8Array.of(3), "bytes that were given as encoded");
  },
};

export const readMany: Case<StoreContext> = {
  says: "readMany gives entries and the number of the last commit",
  async run(context) {
    const store = await context.store();
    await store.set("a", 1);
    const { cursor } = await store.set("b", "x".repeat(5000));
    const { entries, last } = await store.readMany(["b", "none", "a"]);
    checkValue(entries[0]?.value.decode(), "x".repeat(5000), "the first");
    check(entries[1] === undefined, "there is an entry where there is none");
    checkValue(entries[2]?.value.decode(), 1, "the last");
    check(!context.capabilities.feed || last === cursor?.seq, `last is ${last}`);
  },
};

export const ownValues: Case<StoreContext> = {
  says: "what writer or reader changes afterwards reaches neither the store nor other readers",
  async run(context) {
    const store = await context.store();
    const [items, date, bytes, raw] = [[1], new Date(1), Uint8Array.of(1), Uint8Array.of(1)];
    const key = [date];
    const written = [
      store.write([set("value", [items, date, bytes]), set(key, 1)]),
      store.set("raw", raw, { type: "binary" }),
    ];
    items.push(2);
    date.setTime(2);
    bytes[0] = 2;
    raw[0] = 2;
    await Promise.all(written);
    const expected = [[1], new Date(1), Uint8Array.of(1)];
    for (let reading = 1; reading <= 2; reading++) {
      const got = await store.get("value");
      checkValue(got, expected, `what was set, read for the ${reading}. time`);
      checkValue(await store.get([new Date(1)]), 1, "the value of a key that was changed");
      const bytesRead = await store.get("raw");
      checkValue(bytesRead, Uint8Array.of(1), `bytes read for the ${reading}. time`);
      spoil(got);
      spoil(bytesRead);
      spoil((await store.getMany(["raw"]))[0]);
      for (const entry of await listed(store)) spoil(entry.key);
    }
  },
};

export const keysList: Case<StoreContext> = {
  says: "keys lists every key once, whatever its characters, however many there are",
  async run(context) {
    const store = await context.store();
    const many: Edn[] = Array.from({ length: 1500 }, (_, i) => `key ${i}`);
    const all = [...TROUBLE, ...many];
    await store.write(all.map((key) => set(key, "x".repeat(2000))));
    const keys = (await listed(store)).map(({ key }) => identity(key)).sort();
    checkTexts(keys, all.map(identity).sort(), "the keys");
    for await (const { key } of store.keys()) {
      check(key !== undefined, "there is a key that is none");
      break;
    }
  },
};

export const keysUnderWrites: Case<StoreContext> = {
  says: "keys lists once each key that was there throughout, however others and itself are written",
  async run(context) {
    const store = await context.store();
    const count = 1000;
    await store.write(Array.from({ length: count }, (_, key) => set(key, 0)));
    const seen: Edn[] = [];
    for await (const { key } of store.keys()) {
      seen.push(key);
      // What is written here must not feed the iteration for ever.
      check(seen.length <= 2 * count, "keys came twice, and ever more of them");
      if (seen.length % 50 !== 0) continue;
      const at = seen.length;
      await store.write([
        ...Array.from({ length: 100 }, (_, i) => set((at * 7 + i * 10) % count, at)),
        set(-at, 0),
        remove(-at + 50),
      ]);
    }
    const ids = new Set(seen.map(identity));
    check(ids.size === seen.length, `${seen.length - ids.size} keys came twice`);
    for (let key = 0; key < count; key++) check(ids.has(identity(key)), `key ${key} did not come`);
  },
};

/** Values of different kinds that are written alike. */
const TWINS: readonly Edn[] = [[1], list(1), "a", char("a"), keyword("a")];

/** Keys that are mistaken for each other, or for structure, by who is careless. */
const TROUBLE: readonly Edn[] = [
  "",
  " ",
  null,
  false,
  true,
  0,
  1,
  -1,
  "0",
  "1",
  "nil",
  "a",
  ":a",
  keyword("a"),
  keyword("a/b"),
  "a/b",
  [],
  [null],
  [""],
  ["a"],
  [["a"]],
  ["a", "b"],
  ["ab"],
  "%",
  "%0000",
  "%00ff",
  "\0",
  "\0\0",
  "ÿ",
  "ÿa",
  "Ā",
  "aÿ",
  "aĀ",
  "a\uffff",
  "\uffff",
  "\uffffa",
  "😀",
  "a😀",
  "~",
  "\u007f",
  uuid("00000000-0000-0000-0000-000000000000"),
  "00000000-0000-0000-0000-000000000000",
];

function metaText({ type, lastWrite, immutable, origin }: Omit<KeyEntry, "key">): string {
  return `${type} ${lastWrite} ${immutable} ${origin?.toString() ?? "none"}`;
}

/** Changes what can be changed in a value. */
function spoil(value: Edn | undefined): void {
  if (value instanceof Uint8Array) value.fill(9);
  else if (value instanceof Date) value.setTime(9);
  else if (Array.isArray(value)) for (const item of value) spoil(item);
}
