import { driverTests } from "./driver-tests.ts";

driverTests();
