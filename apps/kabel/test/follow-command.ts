import "../src/follow/main.ts";
