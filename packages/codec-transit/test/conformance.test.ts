import { transitCodec } from "@datahike-sync/codec-transit";
import { codecConformance } from "@datahike-sync/conformance/codec";
import { cases, seed } from "@datahike-sync/testing";
import { describe, test } from "vitest";

describe.each(["json", "msgpack"] as const)("transit in %s", (format) => {
  codecConformance({
    test,
    codec: transitCodec({ format }),
    comesBackAs: { float: "double", numberArray: "vector", rawList: "vector" },
    seed,
    runs: cases(2000),
  });
});
