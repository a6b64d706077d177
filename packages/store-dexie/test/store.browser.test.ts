import { conformanceTests, simulationTests } from "./suites.ts";

conformanceTests(200);
simulationTests();
