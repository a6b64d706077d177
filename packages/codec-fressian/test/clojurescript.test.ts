/** What ClojureScript's writer does otherwise than the JVM's: bytes as it has them, made by hand. */
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { print } from "@datahike-sync/edn";
import { describe, expect, test } from "vitest";
import { hex } from "./hex.ts";

const codec = fressianCodec();
const RECORD = "EF E1 69 72 65 63 6F 72 64 02";
const VECTOR = "EF DE 70 76 65 63 02";

describe("of ClojureScript", () => {
  test.each([
    ["doubles within the range of floats", "F9 3F C0 00 00", "#float 1.5"],
    ["whole doubles", "05", "5"],
    ["integers of more bytes than need be", "67 F0 00", "-4096"],
    ["big integers", "C6 D1 05", "5N"],
    [
      "vectors of no Clojure class, such as JavaScript's arrays",
      "E6 01 02",
      "#java.util.List [1 2]",
    ],
    ["sorted maps", "C0 ED CD CA F7 CD DB 61 01 FD", "{:a 1}"],
    ["map entries", "E6 CA F7 CD DB 61 01", "#java.util.List [:a 1]"],
    [
      "names that were cached as a whole",
      "E7 CD CA F7 CD DB 61 80 CA F7 81",
      "#java.util.List [:a :a :a]",
    ],
    [
      "records whose entries are lists",
      `${RECORD} 01 C9 F7 CD DF 66 2E 46 6F 6F E6 CA F7 CD DB 61 01`,
      '#record ["f.Foo" {:a 1}]',
    ],
    [
      "records whose entries are vectors",
      `${RECORD} 02 C9 F7 CD DF 66 2E 46 6F 6F ${VECTOR} 02 CA F7 CD DB 61 01 A1 02 CA F7 CD DB 62 02`,
      '#record ["f.Foo" {:a 1, :b 2}]',
    ],
    [
      "records without incognito, whose keys are cached",
      "EF E0 72 65 63 6F 72 64 02 CD C9 F7 CD DF 66 2E 46 6F 6F C0 ED CD CA F7 CD DB 61 01 FD",
      '#tagged ["record" f.Foo {:a 1}]',
    ],
    ["characters, where somebody tags them", "EF DE 63 68 61 72 01 50 61", "\\a"],
  ])("%s are read", (_, bytes, edn) => expect(print(codec.decode(hex(bytes)))).toBe(edn));

  test("text in UTF-8, which the JVM refuses, is refused", () => {
    expect(() => codec.decode(hex("BF 01 61"))).toThrow(
      expect.objectContaining({ code: "CODEC_INVALID", details: { offset: 0, code: 0xbf } }),
    );
  });
});
