import "fake-indexeddb/auto";
import { syncTests } from "./sync-tests.ts";

syncTests();
