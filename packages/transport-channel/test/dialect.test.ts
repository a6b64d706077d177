import { dialectConformance } from "@datahike-sync/conformance/dialect";
import { type Codec, NATIVE_DIALECT } from "@datahike-sync/core";
import { print, read } from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import { createChannel } from "@datahike-sync/transport-channel";
import { describe, test } from "vitest";

const codec: Codec = {
  name: "edn",
  lossy: ["extension"],
  encode: (value) => new TextEncoder().encode(print(value)),
  decode: (bytes) => read(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)),
};

describe.each([
  ["a channel", {}, 2000],
  ["a slow channel", { latencyMs: 1, bytesPerSecond: 2 ** 30 }, 100],
] as const)("the native dialect on %s", (_, options, runs) => {
  dialectConformance({
    test,
    dialect: NATIVE_DIALECT,
    codec,
    open: async () => {
      const ends = createChannel(options);
      return { ends, break: () => ends[0].break() };
    },
    seed,
    runs: cases(runs),
  });
});
