import { readmeTests } from "@datahike-sync/testing/readme";

readmeTests(new URL("..", import.meta.url));
