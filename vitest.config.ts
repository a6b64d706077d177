import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** Tests and coverage read the packages' sources, as development does. */
const SOURCE = "@datahike-sync/source";

const env = {
  SEED: process.env["SEED"] ?? "1",
  ALL_CASES: process.env["ALL_CASES"] ?? "0",
};

/** Of one test. All random cases take ten times as long as a tenth of them. */
const testTimeout = env.ALL_CASES === "1" ? 1_800_000 : 120_000;

export default defineConfig({
  test: {
    env,
    onConsoleLog: (log) => {
      throw new Error(`a test printed: ${log}`);
    },
    projects: [
      {
        extends: true,
        ssr: { resolve: { conditions: [SOURCE, ...defaultServerConditions] } },
        test: {
          name: "node",
          include: [
            "{packages,apps}/*/test/**/*.test.ts",
            "tools/testing/test/**/*.test.ts",
            "fixtures/test/**/*.test.ts",
            "bench/test/**/*.test.ts",
          ],
          exclude: ["**/*.browser.test.ts"],
          testTimeout,
        },
      },
      {
        extends: true,
        resolve: { conditions: [SOURCE, ...defaultClientConditions] },
        // Of what runs in Node beside the browser.
        environments: {
          __vitest__: { resolve: { conditions: [SOURCE, ...defaultServerConditions] } },
        },
        test: {
          name: "browser",
          globalSetup: ["packages/transport-ws/test/browser/servers.ts"],
          include: [
            "packages/*/test/**/*.test.ts",
            "apps/store-sqlite/test/**/*.test.ts",
            "fixtures/test/**/*.test.ts",
          ],
          exclude: ["**/*.node.test.ts"],
          testTimeout,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: "chromium" }],
            provider: playwright({
              launchOptions: {
                executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
                args: [
                  "--no-sandbox",
                  "--disable-quic",
                  "--no-first-run",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--disable-sync",
                ],
              },
            }),
          },
        },
      },
    ],
  },
});
