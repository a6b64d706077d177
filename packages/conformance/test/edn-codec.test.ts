/** The codec of EDN text that core brings along, through the suite. */
import { codecConformance } from "@datahike-sync/conformance/codec";
import { ednCodec } from "@datahike-sync/core/edn-codec";
import { cases, seed } from "@datahike-sync/testing";
import { test } from "vitest";

codecConformance({
  test,
  codec: ednCodec(),
  gaps: {
    truncation: "a text that ends early may be a whole one",
    "trailing-bytes": "a text that goes on may be another one: nil and nil are the symbol nilnil",
  },
  seed,
  runs: cases(2000),
});
