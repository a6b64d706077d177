import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operation } from "@datahike-sync/core";
import { print } from "@datahike-sync/edn";
import { cases, Random } from "@datahike-sync/testing";
import type { Page } from "playwright";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Chromium, crash } from "./pages/chromium.ts";
import { bundle, openSite, type Site, STORE_ID } from "./pages/site.ts";
import { digestOf } from "./pages/state.ts";
import type { Tab } from "./pages/tab.ts";

const KILLS = Math.max(4, cases(20));
const PATIENCE = { timeout: 600_000 };

let script: string;
let profile: string;
let browser: Chromium;
let site: Site;

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), "store-dexie-"));
  [script, browser] = await Promise.all([bundle(), Chromium.start(profile)]);
});

afterAll(async () => {
  await browser.kill();
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** An origin of its own, and with it a storage, for each test. */
beforeEach(async () => {
  const opened = await openSite(script);
  site = opened;
  onTestFinished(() => opened[Symbol.asyncDispose]());
});

test(
  `pages that are killed ${KILLS} times in the middle of a sync lose nothing, and nothing comes twice`,
  PATIENCE,
  async () => {
    const { primary, wire } = site;
    const durable = await survive(KILLS, crash, (lost) => expect(lost).toEqual([]));
    expect(durable.size).toBeGreaterThan(0);
    wire.sent.length = 0;
    const page = await browser.open(site.origin);
    await call(page, "follow", STORE_ID);
    expect(await call(page, "synced")).toBeUndefined();
    expect(wire.sent.filter((node) => durable.has(node))).toEqual([]);
    expect(await call(page, "digest")).toBe(await digestOf(primary));
    await page.close();
  },
);

test(
  "a browser that is killed whole has everything afterwards, or takes its database for damaged",
  PATIENCE,
  async () => {
    const kill = async () => {
      await browser.kill();
      browser = await Chromium.start(profile);
    };
    await survive(cases(10), kill, (lost, durable) => {
      // Chromium discards a database whose log has a torn end. Then there is nothing, never a part.
      expect(durable.size === 0 ? [] : lost).toEqual([]);
    });
    const page = await browser.open(site.origin);
    await call(page, "follow", STORE_ID);
    expect(await call(page, "synced")).toBeUndefined();
    expect(await call(page, "digest")).toBe(await digestOf(site.primary));
    await page.close();
  },
);

test("what the browser closes in the middle of a sync is opened again, and nobody notices", async () => {
  const { primary, wire, origin } = site;
  await primary.write(nodes(0, 4_000));
  const page = await browser.open(origin);
  await call(page, "open");
  const internals = await browser.open("chrome://indexeddb-internals");
  const forceClose = internals
    .locator(".indexeddb-origin", { hasText: origin })
    .locator(".force-close");
  await forceClose.waitFor();
  await call(page, "follow", STORE_ID);
  for (let closed = 0; closed < 3; closed++) {
    await Promise.race([wire.acks(1), call(page, "synced")]);
    await forceClose.click();
  }
  expect(wire.acknowledged.size).toBeLessThan(4_000);
  expect(await call(page, "synced")).toBeUndefined();
  expect(new Set(wire.sent).size).toBe(wire.sent.length);
  expect(await call(page, "digest")).toBe(await digestOf(primary));
  await Promise.all([page.close(), internals.close()]);
});

describe("two tabs", () => {
  test("on one database are both current, and the cursor of neither goes back", async () => {
    const { primary } = site;
    await primary.write(nodes(0, 500));
    const tabs = await Promise.all([browser.open(site.origin), browser.open(site.origin)]);
    await Promise.all(tabs.map((tab) => call(tab, "follow", STORE_ID)));
    await Promise.all(tabs.map((tab) => call(tab, "synced")));
    for (let round = 0; round < 20; round++) {
      const { cursor } = await primary.write([
        ...nodes(1_000 + round * 20, 20),
        { op: "set", key: "head", value: round },
        { op: "delete", key: `node-${round}` },
      ]);
      const { era, seq } = cursor ?? { era: "", seq: 0 };
      await Promise.all(tabs.map((tab) => call(tab, "awaitCursor", era, seq)));
    }
    for (const tab of tabs) {
      expect(await call(tab, "digest")).toBe(await digestOf(primary));
      const cursors: number[] = await tab.evaluate("tab.cursors");
      expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
    }
    await Promise.all(tabs.map((tab) => tab.close()));
  });

  test("of which one is killed in the middle of its sync leave the other its own", async () => {
    const { primary } = site;
    await primary.write(nodes(0, 2_000));
    const [lost, kept] = [await browser.open(site.origin), await browser.open(site.origin)];
    await Promise.all([lost, kept].map((tab) => call(tab, "follow", STORE_ID)));
    await site.wire.acks(2);
    await crash(lost);
    expect(await call(kept, "synced")).toBeUndefined();
    expect(await call(kept, "digest")).toBe(await digestOf(primary));
    await kept.close();
  });
});

describe("a browser that grants no more room", () => {
  test("fails writes with the sizes, reads go on, and sync resumes when there is room", async () => {
    const { primary, wire } = site;
    await primary.write(nodes(0, 2_000));
    const page = await browser.open(site.origin);
    const devtools = await page.context().newCDPSession(page);
    const { origin } = site;
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 3 * 2 ** 20 });
    await call(page, "follow", STORE_ID);
    // Chromium's estimate knows nothing of the override.
    const sizes = { quota: expect.any(Number), usage: expect.any(Number) };
    const full = { code: "QUOTA_EXCEEDED", details: sizes };
    expect(await call(page, "synced")).toEqual(full);
    expect(await call(page, "write", "mine", 4 * 2 ** 20)).toEqual(full);
    const durable = new Set(await call(page, "nodes"));
    expect(durable.size).toBeGreaterThan(0);
    await devtools.send("Storage.overrideQuotaForOrigin", { origin });
    wire.sent.length = 0;
    await call(page, "follow", STORE_ID);
    expect(await call(page, "synced")).toBeUndefined();
    expect(wire.sent.filter((node) => durable.has(node))).toEqual([]);
    expect(await call(page, "digest")).toBe(await digestOf(primary));
    await page.close();
  });
});

describe("a browser that keeps nothing", () => {
  test("says STORE_UNAVAILABLE where a page may not store", async () => {
    const page = await browser.open(`${site.origin}/sandboxed`);
    expect(await call(page, "open")).toEqual({
      code: "STORE_UNAVAILABLE",
      details: { name: "SecurityError" },
    });
    await page.close();
  });

  test("and erases what a page has stored tells that page, which begins from the start", async () => {
    const { primary, wire, origin } = site;
    await primary.write(nodes(0, 200));
    const page = await browser.open(origin);
    await call(page, "follow", STORE_ID);
    expect(await call(page, "synced")).toBeUndefined();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
    const gone = { code: "STORE_NOT_FOUND", details: {} };
    expect(await call(page, "read")).toEqual(gone);
    await primary.set("after", 1);
    await call(page, "reopen");
    wire.sent.length = 0;
    await call(page, "follow", STORE_ID);
    expect(await call(page, "synced")).toBeUndefined();
    expect(wire.sent).toHaveLength(200);
    expect(await call(page, "digest")).toBe(await digestOf(primary));
    await page.close();
  });
});

/**
 * Begins a sync again and again, and ends it by `kill` at random moments, while the primary goes on. What
 * is durable is sent for in none of them. Resolves to the nodes that are there in the end.
 *
 * @param check Told which nodes a replica had acknowledged that are not there, and which are.
 */
async function survive(
  kills: number,
  kill: (page: Page) => Promise<void>,
  check: (lost: string[], durable: ReadonlySet<string>) => void,
): Promise<ReadonlySet<string>> {
  const { primary, wire } = site;
  const random = new Random(kills);
  const count = kills * 800;
  const deleted = new Set<string>();
  let durable = new Set<string>();
  await primary.write(nodes(0, count));
  for (let killed = 0; killed < kills; killed++) {
    wire.sent.length = 0;
    const page = await browser.open(site.origin);
    await call(page, "follow", STORE_ID);
    await Promise.race([wire.acks(1 + random.below(3)), call(page, "synced")]);
    // Wherever it is then: while it takes in the next, or waits for the disk.
    await new Promise((resolve) => setTimeout(resolve, random.below(40)));
    await kill(page);
    expect(wire.sent.filter((node) => durable.has(node))).toEqual([]);
    durable = await nodesThere();
    expect(durable.size).toBeLessThan(count);
    check(
      [...wire.acknowledged].filter((node) => !durable.has(node) && !deleted.has(node)),
      durable,
    );
    if (durable.size === 0) wire.acknowledged.clear();
    const key = `node-${random.below(count)}`;
    deleted.add(print(key));
    await primary.write([
      ...nodes(count + killed * 10, 10),
      { op: "set", key: "head", value: killed },
      { op: "delete", key },
    ]);
  }
  return durable;
}

async function nodesThere(): Promise<Set<string>> {
  const page = await browser.open(site.origin);
  const there = new Set(await call(page, "nodes"));
  await page.close();
  return there;
}

/** Calls what runs in a page. */
function call<K extends Exclude<keyof Tab, "cursors">>(
  page: Page,
  method: K,
  ...args: Parameters<Tab[K]>
): Promise<Awaited<ReturnType<Tab[K]>>> {
  return page.evaluate(`tab.${method}(...${JSON.stringify(args)})`);
}

function nodes(from: number, count: number): Operation[] {
  return Array.from({ length: count }, (_, i) => {
    const value = `${from + i} `.repeat(1_000).slice(0, 4_000);
    return { op: "set", key: `node-${from + i}`, value, immutable: true };
  });
}
