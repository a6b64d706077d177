/** A Chromium with a profile of its own on the disk, and what is seen in its tabs. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright";
import { expect } from "vitest";
import type { Shown } from "./expected.ts";

/** Expects something that takes its time: long, so that a machine that is busy fails no test. */
export function soon<T>(read: () => Promise<T>) {
  return expect.poll(read, { timeout: PATIENCE_MS, interval: 20 });
}

const PATIENCE_MS = 60_000;

export class Chromium implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async start(): Promise<Chromium> {
    await mkdir(SCREENSHOTS, { recursive: true });
    const profile = await mkdtemp(join(tmpdir(), "app-browser-profile-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-quic"],
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Chromium(context, profile);
  }

  async open(url: string): Promise<Tab> {
    const page = await this.#context.newPage();
    const tab = new Tab(page);
    await page.goto(url);
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

export class Tab {
  readonly page: Page;
  /** What the page threw. */
  readonly errors: Error[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(error));
  }

  async text(id: string): Promise<string> {
    return (await this.page.locator(`#${id}`).textContent()) ?? "";
  }

  /** Resolves when an element says this. */
  async says(id: string, text: string | RegExp): Promise<void> {
    await soon(() => this.text(id)).toMatch(text);
  }

  /** Resolves when the page shows this, all of it at one time. */
  async shows(expected: Shown): Promise<void> {
    await soon(() => this.page.evaluate(shown)).toEqual(expected);
  }

  /** Keeps a picture of the whole page. */
  async picture(name: string, colorScheme: "light" | "dark" = "light"): Promise<void> {
    await this.page.emulateMedia({ colorScheme });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** Ends its process, as when it has run out of memory. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    // Never answered.
    this.page.goto("chrome://crash").catch(() => undefined);
    await crashed;
    await this.page.close();
  }
}

const SCREENSHOTS = fileURLToPath(new URL("../screenshots", import.meta.url));

/** Runs in the page. */
function shown(): Shown {
  const number = (id: string) =>
    Number.parseInt(document.getElementById(id)?.textContent?.replaceAll(",", "") ?? "", 10);
  const rows = [...document.querySelectorAll<HTMLTableRowElement>("#items tbody tr")];
  return {
    transaction: number("transaction"),
    items: number("items-count"),
    facts: number("items-count-more"),
    rows: rows.map(({ cells }) => [...cells].map(({ textContent }) => textContent)),
  };
}
