import { storeId } from "@datahike-sync/core/store-id";
import { EdnMap, keyword, read, uuid } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";

const SCOPE = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

describe("the id of a store", () => {
  test.each([
    [
      `{:scope #uuid "${SCOPE}" :backend :file :path "/tmp/my-store"}`,
      "1ebf788e-dd20-5274-9050-b5d76d77a9ab",
    ],
    [
      `{:scope #uuid "${SCOPE}" :backend :file :path "/tmp/my-datahike-store"}`,
      "1fe8e3f1-9deb-5524-81a7-f49102bf7532",
    ],
    [
      '{:scope #uuid "12345678-1234-1234-1234-123456789012" :backend :memory}',
      "3de613f4-58b2-55d6-8ccd-b472ed7b9d3a",
    ],
  ])("is what konserve-sync gives for %s", (config, id) => {
    expect(storeId(read(config) as EdnMap).toString()).toBe(id);
  });

  test("is that of the map which a plain object stands for", () => {
    const config = { scope: uuid(SCOPE), backend: keyword("file"), path: "/tmp/my-store" };
    expect(storeId(config)).toEqual(uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab"));
  });

  test("does not depend on how the store is read", () => {
    const config = new EdnMap([[keyword("backend"), keyword("memory")]]);
    const names = ["opts", "serializers", "cache", "read-handlers", "write-handlers"];
    const full = names.reduce((map, name) => map.with(keyword(name), 1), config);
    expect(storeId(full)).toEqual(storeId(config));
    expect(storeId(config.with("opts", 1))).not.toEqual(storeId(config));
    expect(storeId(config.with(keyword("my/opts"), 1))).not.toEqual(storeId(config));
  });

  test("is refused for what is no map", () => {
    for (const config of [[1], new Set([1]), keyword("memory")]) {
      expect(() => storeId(config as unknown as EdnMap)).toThrow(TypeError);
    }
  });
});
