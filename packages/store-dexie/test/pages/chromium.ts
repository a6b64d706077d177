/** A Chromium with a profile that outlives it: to be killed, and started again on what it left. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];

export class Chromium {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #browser: Browser;

  private constructor(process: ChildProcess, exited: Promise<unknown>, browser: Browser) {
    this.#process = process;
    this.#exited = exited;
    this.#browser = browser;
  }

  /** @param profile The folder that it keeps everything in. */
  static async start(profile: string): Promise<Chromium> {
    const path = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
    // A group of its own, so that one signal reaches all of its processes.
    const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const exited = once(child, "exit");
    const browser = await chromium.connectOverCDP(await endpointOf(child));
    return new Chromium(child, exited, browser);
  }

  /** All its pages share what they store. */
  get context(): BrowserContext {
    const [context] = this.#browser.contexts();
    if (context === undefined) throw new Error("the browser has no context");
    return context;
  }

  async open(url: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  /** Ends it at once, wherever it is. Resolves when none of its processes has the profile any more. */
  async kill(): Promise<void> {
    const { pid } = this.#process;
    if (pid === undefined || !signal(-pid, "SIGKILL")) return;
    await this.#exited;
    while (signal(-pid, 0)) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Ends the process of a page, as when it has run out of memory. */
export async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  // Never answered.
  page.goto("chrome://crash").catch(() => undefined);
  await crashed;
  await page.close();
}

/** Whether there was a process to be told. */
function signal(pid: number, name: "SIGKILL" | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function endpointOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error("the browser has no output");
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    const [, endpoint] = /^DevTools listening on (ws:.*)$/.exec(line) ?? [];
    if (endpoint !== undefined) {
      child.stderr.resume();
      return endpoint;
    }
    said.push(line);
  }
  throw new Error(`the browser did not start: ${said.join("\n")}`);
}
