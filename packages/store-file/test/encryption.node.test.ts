import { createCipheriv } from "node:crypto";
import { type Edn, keyword, list } from "@datahike-sync/edn";
import { hash } from "@datahike-sync/hasch";
import { cases, mutate, Random, seed } from "@datahike-sync/testing";
import { describe, expect, test } from "vitest";
import { decrypt } from "../src/encryption.ts";

const AES = 1;

describe("encryptors", () => {
  test("none gives the bytes as they are, with or without a key", () => {
    expect(decrypt(0, Uint8Array.of(1, 2), "s3cr3t")).toEqual(Uint8Array.of(1, 2));
  });

  test("AES reads what was encrypted with the same key, of any kind and length", () => {
    for (const key of ["s3cr3t", keyword("key"), [1, 2]]) {
      for (const length of [0, 1, 15, 16, 17, 1000]) {
        const plain = Uint8Array.from({ length }, (_, i) => i % 256);
        expect(decrypt(AES, encrypt(plain, key), key)).toEqual(plain);
      }
    }
  });

  test("without a key it is CODEC_UNSUPPORTED", () => {
    expect(() => decrypt(AES, encrypt(Uint8Array.of(1), "s3cr3t"), undefined)).toThrow(
      expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { encryptor: AES } }),
    );
  });

  test("one that is not known is told", () => {
    expect(() => decrypt(2, new Uint8Array(100), "s3cr3t")).toThrow(
      expect.objectContaining({ code: "CODEC_UNSUPPORTED", details: { encryptor: 2 } }),
    );
  });

  test("bytes cut at any length are refused, except between blocks where padding may hold", () => {
    const whole = encrypt(new Uint8Array(40), "s3cr3t");
    for (let length = 0; length < whole.length; length++) {
      const part = whole.subarray(0, length);
      expect(() => decrypt(AES, part, "s3cr3t"), `${length} bytes`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^CODEC_(TRUNCATED|INVALID)$/) }),
      );
    }
  });

  test("random damage gives bytes or a typed error", () => {
    const whole = encrypt(new Uint8Array(40), "s3cr3t");
    for (let number = 0; number < cases(2_000); number++) {
      const mutant = mutate(whole, new Random(number));
      expect(outcome(mutant), `seed ${seed}, case ${number}`).toMatch(
        /^(plain|CODEC_TRUNCATED|CODEC_INVALID)$/,
      );
    }
  });
});

/** As konserve does it: 64 bytes of salt, then AES-256-CBC under what hasch makes of salt and key. */
function encrypt(plain: Uint8Array, key: Edn): Uint8Array {
  const salt = Int8Array.from({ length: 64 }, (_, i) => i * 37);
  const secret = hash(["key", list(...salt), key]).subarray(0, 32);
  const start = hash(["initial-value", list(...salt), key]).subarray(0, 16);
  const cipher = createCipheriv("aes-256-cbc", secret, start);
  return Buffer.concat([new Uint8Array(salt.buffer), cipher.update(plain), cipher.final()]);
}

function outcome(bytes: Uint8Array): string {
  try {
    decrypt(AES, bytes, "s3cr3t");
    return "plain";
  } catch (error) {
    return (error as { code: string }).code;
  }
}
