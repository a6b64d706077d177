import { commitUntilKilled } from "@datahike-sync/testing/kill-worker";
import { openJournal } from "./journal-store.ts";

await commitUntilKilled(openJournal, undefined);
