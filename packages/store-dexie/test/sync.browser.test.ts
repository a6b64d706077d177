import { syncTests } from "./sync-tests.ts";

syncTests();
