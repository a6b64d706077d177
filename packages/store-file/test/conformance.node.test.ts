import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { storeConformance } from "@datahike-sync/conformance/store";
import { FileStore, type FileStoreOptions } from "@datahike-sync/store-file";
import { cases, Random, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";
import { ModelDisk } from "./model-disk.ts";
import { ModelStore } from "./model-store.ts";
import { TEXT_CODEC } from "./text-codec.ts";

const LZ4 = { compression: "lz4" } as const;
const AES = { encryptionKey: "s3cr3t" } as const;
const IS_PROOF = cases(10) === 10;

const KINDS: Readonly<Record<string, Partial<FileStoreOptions>>> = {
  plain: {},
  ...(IS_PROOF && { lz4: LZ4, aes: AES }),
  "lz4 and aes": { ...LZ4, ...AES },
};

const SUITE = {
  test,
  capabilities: { feed: false, standings: true, shared: false },
  gaps: {
    "keys-apart": "hasch gives some keys that differ one name, such as [] and [nil]: KEY_COLLISION",
    "keys-list": "the same",
    "equal-keys": "hasch tells a list from a vector, so konserve does",
  },
  timeoutMs: 60_000,
  seed,
} as const;

// In memory, where the system has such a folder: what disks do has tests of its own.
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

describe.each(Object.entries(KINDS))("a folder, %s", (_name, options) => {
  storeConformance({
    ...SUITE,
    // Fressian has no arrays of shorts, and one zero.
    values: { without: ["numberArray", "double", "float"] },
    runs: cases(200),
    open: async ({ now }) => {
      const folder = await mkdtemp(join(ROOT, "datahike-sync-"));
      const path = join(folder, "store");
      return {
        open: () => FileStore.open({ path, codec: fressianCodec(), now, ...options }),
        dispose: () => rm(folder, { recursive: true }),
      };
    },
  });
});

describe("a folder on a disk that loses what was not synced", () => {
  let places = 0;
  storeConformance({
    ...SUITE,
    crashes: true,
    runs: cases(500),
    open: async ({ now }) => {
      const random = new Random(places++);
      const disk = new ModelDisk({ random: () => random.next() });
      const open = () => ModelStore.on(disk.open(), { now, codec: TEXT_CODEC });
      return { open, crash: () => disk.crash() };
    },
  });
});
