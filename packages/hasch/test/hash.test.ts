import {
  bigInteger,
  char,
  decimal,
  double,
  type Edn,
  EdnMap,
  EdnSet,
  type Extension,
  float,
  identity,
  keyword,
  list,
  numberArray,
  ratio,
  rawList,
  read,
  record,
  regex,
  symbol,
  tagged,
  uri,
  uuid as uuidOf,
} from "@datahike-sync/edn";
import { readFixtureText } from "@datahike-sync/fixtures";
import { hash, uuid } from "@datahike-sync/hasch";
import { cases, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";

describe("the same as the JVM", () => {
  test("every value of the fixture has its hash and its UUID", async () => {
    const rows = (await readFixtureText("hasch.jsonl")).trim().split("\n");
    expect(rows.length).toBe(78);
    for (const row of rows) {
      const { edn = "", uuid: id, sha512 }: Record<string, string> = JSON.parse(row);
      const value = read(edn);
      expect(hex(hash(value)), edn).toBe(sha512);
      expect(uuid(value).toString(), edn).toBe(id);
    }
  });

  test.each([
    ["nil", "38244d02-8981-5693-af7b-456af8efa4ca"],
    ["true", "1ddffc2c-6730-53c7-87b8-9cbbc98c2363"],
    ["false", "36006e3f-9e89-5059-9ceb-6bd5549f1b19"],
    ["0", "0b0e9316-7a2b-5336-9cdb-7b1bf5f46758"],
    ["1", "1b1349bd-d9c2-5f35-a58c-ee0d8495eef1"],
    ["1N", "1b1349bd-d9c2-5f35-a58c-ee0d8495eef1"],
    ["-1", "17eb9651-e5fb-5ad0-819c-c76feef79eae"],
    ["42", "0fc20a9a-c153-592d-888a-707ff306fbb6"],
    ["1.0", "26be7558-dc4b-58a8-bb4c-c6194c5f73ba"],
    ["1.5", "1ba1b963-f79d-5afe-9181-ce694aa3872d"],
    ["1.5M", "1ba1b963-f79d-5afe-9181-ce694aa3872d"],
    ["1e10", "0df11a98-b17b-59f4-b6f6-aafff90962d9"],
    ["1e-5", "2faa75f3-0af9-588e-8b04-2bd7ed52d915"],
    ['""', "245bf581-7ddf-54aa-af7a-407071f0eedc"],
    ['"a"', "0823365a-e751-57b2-abf0-967f8bdfece2"],
    ["\\a", "0823365a-e751-57b2-abf0-967f8bdfece2"],
    [":a", "21e84407-47ac-52c2-9567-b6118205c1b7"],
    [":a/b", "33412a43-9515-509c-b6da-951e8ff1149c"],
    ["a", "29476570-2f5c-547e-8716-23cabe5d4271"],
    ["a/b", "09614ffc-044f-5dfa-814d-e4b971a29443"],
    ["[]", "117935a6-8abd-57b5-974f-4eff93989ada"],
    ["[nil]", "117935a6-8abd-57b5-974f-4eff93989ada"],
    ["()", "2faea777-203c-562f-a9e3-300ad1a36e87"],
    ["(1 2)", "1f98b7a8-8413-5a47-81f7-d7b36d6c97b1"],
    ["(2 3)", "179c2f6d-8c95-5b0e-8e8e-d41bfc6caa52"],
    ["{}", "3e688838-ca86-56e5-8906-89bf2ab585ce"],
    ["#{}", "127cff2b-6fdf-5c0f-94fe-092b17d6d8c7"],
    ["{:a 1}", "01e0dbfc-72c9-5525-b23a-92319a00b69a"],
    ["[:a 1]", "073bdc05-7066-57c6-86ac-142a09e8921f"],
    ["#{1}", "3f88ef2a-8e6c-5f74-a976-d4a5d44e27ba"],
    ["#{1 2}", "387ffcef-35d5-532e-af8d-e95cfe5d4b62"],
    ["#{:a :b}", "3c8aea3b-0145-51a4-ae3c-8dd945f45887"],
    ["[1 2 3]", "00bd2dcb-5c15-555e-a1c8-6166a78fc808"],
    ["[1 [2 3]]", "0c341d10-7d80-5e38-a34e-60e86ed4fbd6"],
    ["{:a {:b [1 2]}}", "2550e8ee-246a-5ee8-8ac5-05e1f37b2b0e"],
    ['#inst "1970-01-01T00:00:00.000-00:00"', "126f319e-58ef-5ad9-9435-480b4e96cec7"],
    ['#uuid "a1b2c3d4-e5f6-7890-abcd-ef1234567890"', "290b3cf2-2c5f-5b8a-904e-2a1171e5c255"],
    [":db", "0594e3b6-9635-5c99-8142-412accf3023b"],
    [":branches", "1643fed1-9f2d-514e-b007-53bbb8682214"],
    ['"foo"', "3b99ff05-3a69-5570-8133-fb72ea5f4db6"],
  ])("%s is %s", (text, id) => {
    expect(uuid(read(text)).toString()).toBe(id);
  });

  test("bytes are hashed by their contents", () => {
    expect(uuid(new Uint8Array([1, 2, 3])).toString()).toBe("1ef76d68-d43a-545c-9811-f0a49ffaaa01");
  });

  test("text is digested from 1024 bytes on", () => {
    expect(uuid("x".repeat(1023)).toString()).toBe("31e46a1e-99d4-522b-a701-0ea2be620175");
    expect(uuid("x".repeat(1024)).toString()).toBe("36b110a8-edde-50e3-8d9b-f2896e90ce4e");
  });

  test("a configuration gives the store's id", () => {
    const file = '{:scope #uuid "a1b2c3d4-e5f6-7890-abcd-ef1234567890" :backend :file :path';
    expect(uuid(read(`${file} "/tmp/my-store"}`)).toString()).toBe(
      "1ebf788e-dd20-5274-9050-b5d76d77a9ab",
    );
    expect(uuid(read(`${file} "/tmp/my-datahike-store"}`)).toString()).toBe(
      "1fe8e3f1-9deb-5524-81a7-f49102bf7532",
    );
    const memory = '{:scope #uuid "12345678-1234-1234-1234-123456789012" :backend :memory}';
    expect(uuid(read(memory)).toString()).toBe("3de613f4-58b2-55d6-8ccd-b472ed7b9d3a");
  });

  test("the id that konserve-sync's README names is not that of its configuration", () => {
    const config =
      '{:scope #uuid "a1b2c3d4-e5f6-7890-abcd-ef1234567890" :backend :file :path "/tmp/my-store"}';
    expect(uuid(read(config)).toString()).not.toBe("30508a38-7d11-5135-966b-081e395d7d0b");
  });
});

describe("kinds", () => {
  test("a float is hashed by its own digits", () => {
    expect(hex(hash(float(0.1)))).toBe(hex(hash(0.1)));
    expect(hex(hash(float(0.1)))).not.toBe(hex(hash(Math.fround(0.1))));
  });

  test("zero and minus zero differ, although they are equal", () => {
    expect(hex(hash(double(-0)))).not.toBe(hex(hash(double(0))));
  });

  test("the smallest doubles and floats have the two digits that Java gives them", () => {
    expect(hex(hash(1e-323))).toBe(hex(hash(decimal("9.9E-324"))));
    expect(hex(hash(float(1.4e-45)))).toBe(hex(hash(decimal("1.4E-45"))));
  });

  test("half of a surrogate pair is hashed as a question mark, as Java encodes it", () => {
    expect(hex(hash("a\ud800b\udc00"))).toBe(hex(hash("a?b?")));
    expect(hex(hash("é\ud800"))).toBe(hex(hash("é?")));
    expect(hex(hash(char(0xdfff)))).toBe(hex(hash("?")));
  });

  test("a record is hashed by its type and its fields, not as a map", () => {
    const fields = new EdnMap([[keyword("x"), 1]]);
    const point = hex(hash(record("my_ns.core.Point", fields)));
    expect(point).toBe(
      "fd9d3febd2bb7ed23a38d4028d2d3799526c76ca3ce294acf8fc88f71b24cb18" +
        "76bce3d25046360f7da10292d80342ef22365668561f54beb4e2c59758c959a8",
    );
    expect(point).not.toBe(hex(hash(fields)));
    expect(point).not.toBe(hex(hash(record("my_ns.core.Line", fields))));
  });

  test("an extension is hashed as its EDN form", () => {
    expect(hex(hash(extension([1, 2])))).toBe(hex(hash([1, 2])));
  });

  test.each([
    ["ratio", ratio(1, 3)],
    ["regex", regex("a+")],
    ["uri", uri("http://example.com")],
    ["rawList", rawList(1, 2)],
    ["tagged", tagged("my/tag", 1)],
    ["numberArray", numberArray("int", Int32Array.of(1))],
  ])("a %s has no hash, alone and inside a value", (kind, value) => {
    for (const item of [
      value,
      [value],
      list(value),
      new EdnMap([[1, value]]),
      extension([value]),
    ]) {
      expect(() => hash(item)).toThrow(
        expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { kind } }),
      );
    }
  });

  test("what is no EDN value is refused as misuse", () => {
    for (const value of [undefined, () => 1, {}, Symbol.iterator, new Date(Number.NaN)]) {
      expect(() => hash(value as unknown as Edn)).toThrow(TypeError);
    }
  });
});

describe("bounds", () => {
  const nesting: readonly (readonly [name: string, wrap: (value: Edn) => Edn])[] = [
    ["vectors", (value) => [value]],
    ["lists", (value) => list(value)],
    ["maps", (value) => new EdnMap([[1, value]])],
    ["records", (value) => record("a.B", new EdnMap([[1, value]]))],
  ];

  test.each(nesting)("%s may be nested 1000 deep and no deeper", (_name, wrap) => {
    let value: Edn = 1;
    for (let depth = 0; depth < 1000; depth++) value = wrap(value);
    expect(hash(value).length).toBe(64);
    expect(() => hash(wrap(value))).toThrow(
      expect.objectContaining({ code: "CODEC_LIMIT", details: { limit: "maxDepth", max: 1000 } }),
    );
  });

  test("a value that contains itself is refused", () => {
    const endless: Edn[] = [];
    endless.push(endless);
    const mirror: Extension = { ednKind: "extension", identity: "", toEdn: () => mirror };
    for (const value of [endless, mirror]) {
      expect(() => hash(value)).toThrow(expect.objectContaining({ code: "CODEC_LIMIT" }));
    }
  });

  test("a long sequence is hashed as if at once", () => {
    const items = Array.from({ length: 20_000 }, (_, i) => i);
    expect(uuid(items).toString()).toBe("2abf37f0-17d7-513c-9fbd-f6cab684afef");
  });
});

describe("properties", () => {
  test("the order of a map's entries and a set's members does not matter", () => {
    for (let number = 0; number < cases(2_000); number++) {
      const random = new Random(number);
      const items = Array.from({ length: 1 + random.below(12) }, () => randomValue(random, 2));
      const note = `seed ${seed}, case ${number}`;
      const map = new EdnMap(items.map((item, place) => [item, place % 3]));
      const shuffled = [...map].sort(() => random.next() - 0.5);
      expect(hex(hash(new EdnMap(shuffled))), note).toBe(hex(hash(map)));
      const set = new EdnSet(items);
      expect(hex(hash(new EdnSet([...set].reverse()))), note).toBe(hex(hash(set)));
    }
  });

  test("different values have different hashes, except where hasch does not tell them apart", () => {
    const byHash = new Map<string, Edn>();
    for (let number = 0; number < cases(100_000); number++) {
      const value = randomValue(new Random(number), 3);
      const key = hex(hash(value));
      const other = byHash.get(key) ?? value;
      expect(told(value), `seed ${seed}, case ${number}`).toBe(told(other));
      byHash.set(key, value);
    }
    expect(byHash.size).toBeGreaterThan(cases(100_000) / 8);
  });

  test("hasch does not tell these apart", () => {
    const pairs: readonly (readonly [Edn, Edn])[] = [
      [[], [null]],
      [list(), list(null)],
      [1, bigInteger(1)],
      ["a", char("a")],
      [1.5, decimal("1.5")],
      [0.1, float(0.1)],
      ["?", "\ud800"],
      [symbol("a", "b/c"), symbol("a/b", "c")],
      [new EdnSet([1]), new EdnSet([1, "a", char("a")])],
    ];
    for (const [a, b] of pairs) expect(hex(hash(a))).toBe(hex(hash(b)));
  });
});

/** A value's identity after everything that hasch does not tell apart was made the same. */
function told(value: Edn): string {
  return identity(merged(value));
}

function merged(value: Edn): Edn {
  if (Array.isArray(value)) {
    return value.length === 0 ? [null] : value.map(merged);
  }
  if (typeof value !== "object" || value === null || !("ednKind" in value)) return value;
  switch (value.ednKind) {
    case "list":
      // Equal to a vector, yet hasch tells it apart.
      return tagged("list", merged([...value.items]));
    case "map":
      return combined("map", [...value]);
    case "set":
      return combined("set", [...value]);
    case "char":
      return value.toString();
    case "bigInteger":
      return value.value;
    case "decimal":
    case "double":
    case "float":
      return tagged("number", value.toString());
    default:
      return value;
  }
}

/** Two items of the same hash cancel each other. */
function combined(tag: string, items: readonly Edn[]): Edn {
  const left = new Set<string>();
  for (const item of items) {
    const key = told(item);
    if (!left.delete(key)) left.add(key);
  }
  return tagged(tag, items.length === 0, ...[...left].sort());
}

function randomValue(random: Random, depth: number): Edn {
  const items = () => Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
  switch (random.below(depth > 0 ? 15 : 10)) {
    case 0:
      return random.pick([true, false]);
    case 1:
      return random.below(5);
    case 2:
      return bigInteger(random.below(5));
    case 3:
      return double(random.below(3));
    case 4:
      return random.pick(["", "a", "\u0001", "\u0001\u0000", ":a", "1", "é"]);
    case 5:
      return char(random.pick(["a", "1"]));
    case 6:
      return keyword(random.pick(["a", "a/b", "b"]));
    case 7:
      return symbol(random.pick(["a", "a/b", ":a"]));
    case 8:
      return random.pick([new Date(random.below(3)), uuidOf(new Uint8Array(16))]);
    case 9:
      return random.pick([Uint8Array.of(random.below(3)), decimal("1.0")]);
    case 10:
      return items();
    case 11:
      return list(...items());
    case 12:
      return new EdnSet(items());
    default:
      return new EdnMap(items().map((key) => [key, random.below(3)]));
  }
}

function extension(form: Edn): Extension {
  return { ednKind: "extension", identity: identity(form), toEdn: () => form };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
