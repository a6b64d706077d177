import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { codecConformance } from "@datahike-sync/conformance/codec";
import { cases, seed } from "@datahike-sync/testing";
import { test } from "vitest";

codecConformance({ test, codec: msgpackCodec(), seed, runs: cases(5000) });
