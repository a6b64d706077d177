/** The page's files, as Vite has built them. */
import { readdir, readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { extname, join } from "node:path";

/**
 * Answers requests for the files of a folder, which it reads once: what is not among them is not found,
 * whatever the path of a request looks like.
 */
export async function pageFiles(folder: string): Promise<RequestListener> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) files.set(`/${entry.name}`, await readFile(join(folder, entry.name)));
  }
  return ({ method, url = "/" }, response) => {
    const [path = ""] = url.split("?", 1);
    const name = path === "/" ? "/index.html" : path;
    const file = files.get(name);
    if (method !== "GET" || file === undefined) {
      response.writeHead(method === "GET" ? 404 : 405).end();
      return;
    }
    response.writeHead(200, { ...HEADERS, "content-type": TYPES[extname(name)] ?? UNKNOWN });
    response.end(file);
  };
}

const HEADERS = {
  // A new build has the same names.
  "cache-control": "no-cache",
  "content-security-policy": "default-src 'self'; connect-src 'self' ws: wss:",
  "x-content-type-options": "nosniff",
};

const UNKNOWN = "application/octet-stream";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".map": "application/json",
  ".svg": "image/svg+xml",
};
