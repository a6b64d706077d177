import "fake-indexeddb/auto";
import { driverTests } from "./driver-tests.ts";

driverTests();
