import { commitUntilKilled } from "@datahike-sync/testing/kill-worker";
import { openNumbered, STORE_ID } from "./numbered.ts";

await commitUntilKilled(openNumbered, STORE_ID);
