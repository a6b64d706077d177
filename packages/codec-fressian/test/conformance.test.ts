import { fressianCodec } from "@datahike-sync/codec-fressian";
import { codecConformance } from "@datahike-sync/conformance/codec";
import { cases, seed } from "@datahike-sync/testing";
import { test } from "vitest";

codecConformance({
  test,
  codec: fressianCodec(),
  // An array of shorts has no form in Fressian.
  refuses: ["numberArray"],
  mergesZeros: true,
  seed,
  runs: cases(3000),
});
