import "../src/serve/main.ts";
