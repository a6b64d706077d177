import { cborCodec } from "@datahike-sync/codec-cbor";
import { codecConformance } from "@datahike-sync/conformance/codec";
import { cases, seed } from "@datahike-sync/testing";
import { test } from "vitest";

codecConformance({
  test,
  codec: cborCodec(),
  comesBackAs: { list: "vector", rawList: "vector", record: "tagged" },
  seed,
  runs: cases(5000),
});
