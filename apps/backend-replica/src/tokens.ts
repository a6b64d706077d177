/** Tokens in files, which are read each time, so that they can be replaced while the service runs. */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Authenticate } from "@datahike-sync/transport-ws/server";

/** What the primary is to know us by. Rejects with the system's error where there is no such file. */
export function tokenIn(file: string): () => Promise<string> {
  return async () => {
    const token = (await readFile(file, "utf8")).trim();
    if (token === "") throw new TypeError(`${file} is empty`);
    return token;
  };
}

/** Knows whoever has the token in the file; nobody, while that cannot be read, which `onError` is told. */
export function holdersOf(file: string, onError: (error: unknown) => void): Authenticate {
  const read = tokenIn(file);
  return async ({ token }) => {
    if (token === undefined) return undefined;
    try {
      return isSame(token, await read()) ? { principal: "client" } : undefined;
    } catch (error) {
      onError(error);
      return undefined;
    }
  };
}

/** In a time that tells nothing of where they differ, nor of their lengths. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
