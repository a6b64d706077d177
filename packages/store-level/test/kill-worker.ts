import { commitUntilKilled } from "@datahike-sync/testing/kill-worker";
import { openIn, STORE_ID } from "./classic-store.ts";

await commitUntilKilled(openIn, STORE_ID);
