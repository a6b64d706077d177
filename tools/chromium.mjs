/** Finds a Chromium for the browser tests, or installs one and says so. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const APPS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The path of a Chromium. `CHROMIUM_PATH` wins; what is installed comes next. */
export async function chromiumPath() {
  const wanted = process.env["CHROMIUM_PATH"];
  if (wanted !== undefined) {
    if (existsSync(wanted)) return wanted;
    throw new Error(`CHROMIUM_PATH names no file: ${wanted}`);
  }
  return installed() ?? (await playwrights()) ?? install();
}

function installed() {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const candidates = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...candidates, ...APPS].find((path) => existsSync(path));
}

/** The browser that Playwright keeps for itself, if it was ever downloaded. */
async function playwrights() {
  const { chromium } = await import("playwright");
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

async function install() {
  const apt = ["/usr/bin/apt-get", "/bin/apt-get"].find((path) => existsSync(path));
  if (apt !== undefined) {
    const root = process.getuid?.() === 0;
    const run = (...args) => {
      const [command, ...rest] = root ? [apt, ...args] : ["sudo", "-n", apt, ...args];
      execFileSync(command, rest, {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    };
    console.error("no Chromium found: installing it with apt-get for the browser tests");
    run("update", "-qq");
    run("install", "-y", "-qq", "--no-install-recommends", "chromium");
  } else {
    console.error("no Chromium found: downloading Playwright's for the browser tests");
    execFileSync("npx", ["playwright", "install", "chromium"], { stdio: "inherit" });
  }
  const path = installed() ?? (await playwrights());
  if (path === undefined) throw new Error("no Chromium for the browser tests; set CHROMIUM_PATH");
  return path;
}
