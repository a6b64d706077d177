import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { storeConformance } from "@datahike-sync/conformance/store";
import { LevelStore } from "@datahike-sync/store-level";
import { cases, seed } from "@datahike-sync/testing";
import { BrowserLevel } from "browser-level";
import { describe, test } from "vitest";

const codec = msgpackCodec();

describe("a store on browser-level", () => {
  let places = 0;
  storeConformance({
    test,
    open: async ({ now }) => {
      const db = new BrowserLevel(`place-${places++}`);
      return {
        open: () => LevelStore.open(db, { codec, now }),
        dispose: () => BrowserLevel.destroy(db.location),
      };
    },
    capabilities: { shared: false },
    seed,
    runs: cases(200),
  });
});
