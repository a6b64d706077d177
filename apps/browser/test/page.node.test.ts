import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type RecordedCommit, recordedCommits } from "../src/server/recorded-commits.ts";
import { openSite, type Site } from "../src/server/site.ts";
import { type BuiltPage, buildPage } from "./built-page.ts";
import { Chromium, soon, type Tab } from "./chromium.ts";
import { expectedByTheJvm, expectedStates, reachedBytes, type Shown } from "./expected.ts";
import { Gate } from "./gate.ts";

let built: BuiltPage;
let browser: Chromium;
/** After each commit. */
let states: readonly Shown[];
let recorded: readonly RecordedCommit[];
let gate: Gate;
let server: Server;

beforeAll(async () => {
  [built, browser, recorded] = await Promise.all([
    buildPage(),
    Chromium.start(),
    recordedCommits(),
  ]);
  states = await expectedStates(recorded);
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await built[Symbol.asyncDispose]();
});

/** An origin of its own, and with it a storage, for each test. */
beforeEach(async () => {
  const [opened, at] = await Promise.all([Gate.open(), Server.start()]);
  [gate, server] = [opened, at];
  gate.openTo(server.origin);
  onTestFinished(async () => {
    await at.stop();
    await opened[Symbol.asyncDispose]();
    await rm(at.folder, { recursive: true, force: true });
  });
});

test("the first load brings the database, and commits are seen as they are made", async () => {
  await server.goTo(3);
  const tab = await open();
  await tab.says("status", /^Live$/);
  await tab.shows(stateAt(3));
  await tab.picture("first-load");
  for (let at = 4; at < states.length; at++) {
    await server.goTo(at);
    await tab.shows(stateAt(at));
    expect(await tab.text("lag")).toBe("0 commits");
  }
  expect(await tab.page.locator("#items .new").count()).toBe(1);
  await tab.picture("live-after-deletes");
  await tab.picture("live-after-deletes-dark", "dark");
  expect(stateAt(states.length - 1)).toEqual(await expectedByTheJvm());
  const before = await tab.page.evaluate(bytesStored);
  await server.goTo(0);
  await tab.shows(stateAt(0));
  // What only later commits reach is gone from here, too.
  await soon(() => tab.page.evaluate(bytesStored)).toBeLessThan(before / 2);
  expect(await tab.text("received")).toMatch(/^\d.* MB$/);
  expect(await tab.text("stored")).toMatch(/^\d.* [kM]B$/);
});

test("a reload while the server is down shows the data at once, and goes on when it is back", async () => {
  await server.goTo(4);
  const tab = await open();
  await tab.says("status", /^Live$/);
  await tab.says("progress-text", /^Everything is here$/);
  await offlineReady(tab);
  gate.shut();
  await server.stop();
  await tab.says("status", /^Offline$/);
  await tab.page.reload();
  await tab.shows(stateAt(4));
  await tab.says("status", /^Offline$/);
  await tab.says("steps", /was here, shown after \d+ ms/);
  await tab.says("found", /^\d+ entries$/);
  expect(await tab.text("received")).toBe("0 bytes");
  await tab.picture("reload-offline");
  await tab.page.setViewportSize({ width: 390, height: 844 });
  await tab.picture("reload-offline-narrow");
  await tab.page.getByRole("button", { name: "Next" }).click();
  await tab.says("page", `Page 2 of ${Math.ceil(stateAt(4).items / 12)}`);
  expect(await tab.page.locator("#items tbody tr").first().innerText()).toMatch(/^item-12\b/);
  await tab.page.getByRole("button", { name: "Previous" }).click();
  await tab.shows(stateAt(4));
  await server.startAgain();
  gate.openTo(server.origin);
  await tab.says("status", /^Live$/);
  await server.goTo(5);
  await tab.shows(stateAt(5));
});

test("what changed while the page was away arrives, deletes too, whoever was away and how", async () => {
  await server.goTo(5);
  const tab = await open();
  await tab.shows(stateAt(5));
  await tab.says("status", /^Live$/);
  await tab.page.getByRole("button", { name: "Cut the line" }).click();
  await tab.says("status", /^Line cut$/);
  await server.goTo(8);
  await tab.picture("line-cut");
  await tab.shows(stateAt(5));
  await tab.page.getByRole("button", { name: "Mend the line" }).click();
  await tab.shows(stateAt(8));
  expect(stateAt(8).items).toBeLessThan(stateAt(5).items);
  await tab.page.close();
  await server.goTo(2);
  gate.received = 0;
  const again = await open();
  await again.shows(stateAt(2));
  await again.says("status", /^Live$/);
  // The server was started anew, and nobody tells it where the page stood but the page.
  gate.shut();
  await server.stop();
  await server.startAgain();
  await server.goTo(3);
  gate.openTo(server.origin);
  await again.shows(stateAt(3));
  expect(again.errors).toEqual([]);
});

test("a page that is killed in the middle of its first sync goes on where it was", async () => {
  await server.goTo(6);
  gate.limit = 2_000_000;
  const tab = await open();
  await tab.says("progress-text", /^Receiving: \d+ of \d+ entries/);
  await soon(async () => gate.received).toBeGreaterThan(gate.limit);
  await soon(() => tab.page.locator("#progress").evaluate(valueOf)).toBeGreaterThan(0.5);
  expect(await tab.page.locator("#progress").evaluate(valueOf)).toBeLessThan(1);
  // Nothing of it is shown before all of it is there.
  expect(await tab.text("items")).toContain("No items");
  await soon(() => tab.page.evaluate(bytesStored)).toBeGreaterThan(500_000);
  await tab.picture("first-sync");
  await tab.crash();
  const before = gate.received;
  gate.limit = Number.POSITIVE_INFINITY;
  gate.received = 0;
  const again = await open();
  await again.shows(stateAt(6));
  await again.says("status", /^Live$/);
  const whole = await reachedBytes(recorded.slice(0, 7));
  expect(whole).toBeGreaterThan(before);
  expect(gate.received).toBeLessThan(whole - 500_000);
  expect(again.errors).toEqual([]);
});

test("a second tab stays current, and remains when the first is closed", async () => {
  await server.goTo(1);
  const [first, second] = [await open(), await open()];
  await Promise.all([first, second].map((tab) => tab.says("status", /^Live$/)));
  for (const at of [8, 0]) {
    await server.goTo(at);
    await Promise.all([first, second].map((tab) => tab.shows(stateAt(at))));
  }
  await second.picture("second-tab");
  await first.page.close();
  await server.goTo(4);
  await second.shows(stateAt(4));
  expect([...first.errors, ...second.errors]).toEqual([]);
});

test("the page is understood by those who do not see it, and can be used by keyboard", async () => {
  const tab = await open();
  await tab.shows(stateAt(0));
  const { page } = tab;
  expect(await page.getByRole("status").textContent()).toMatch(/Live|Catching up|Connecting/);
  expect(await page.getByRole("progressbar").count()).toBe(1);
  const table = page.getByRole("table", { name: "All items" });
  expect(await table.getByRole("columnheader").count()).toBe(9);
  expect(await table.getByRole("rowheader").count()).toBe(12);
  await page.getByRole("button", { name: "Next" }).focus();
  await page.keyboard.press("Enter");
  await tab.says("page", /^Page 2 of/);
});

function open(): Promise<Tab> {
  return browser.open(gate.origin);
}

/** The service worker has the page's files, and serves them to this tab. */
async function offlineReady({ page }: Tab): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
}

function valueOf(element: Element): number {
  return element instanceof HTMLProgressElement ? element.value : Number.NaN;
}

/** Runs in the page: how many bytes there are in its IndexedDB. */
async function bytesStored(): Promise<number> {
  const settled = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error("unreadable", { cause: request.error }));
    });
  const db = await settled(indexedDB.open("items"));
  const [name = ""] = db.objectStoreNames;
  const rows = await settled(db.transaction(name).objectStore(name).getAll());
  db.close();
  return rows.reduce((sum: number, row) => sum + row.byteLength, 0);
}

function stateAt(position: number): Shown {
  const state = states[position];
  if (state === undefined) throw new RangeError(`no commit ${position}`);
  return state;
}

class Server {
  readonly folder: string;
  #site: Site | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), "app-browser-level-")));
    await server.startAgain();
    return server;
  }

  get site(): Site {
    if (this.#site === undefined) throw new Error("the server was stopped");
    return this.#site;
  }

  get origin(): string {
    return this.site.origin;
  }

  async startAgain(): Promise<void> {
    this.#site = await openSite({
      page: built.folder,
      folder: this.folder,
      recorded,
      port: 0,
    });
  }

  async stop(): Promise<void> {
    await this.#site?.[Symbol.asyncDispose]();
    this.#site = undefined;
  }

  /** Makes commits, also past the last and the first, until it is at this one. */
  async goTo(position: number): Promise<void> {
    const { primary } = this.site;
    while (primary.position !== position) await primary.next();
  }
}
