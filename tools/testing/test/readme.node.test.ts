import "fake-indexeddb/auto";
import { readmeTests } from "@datahike-sync/testing/readme";
import { WebSocket } from "ws";

// What a page has and Node 20 has not.
Object.assign(globalThis, { WebSocket });

readmeTests(new URL("../../..", import.meta.url));
