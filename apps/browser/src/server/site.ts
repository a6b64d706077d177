/** The page and the primary behind it, at one port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pageFiles } from "./page-files.ts";
import { Primary } from "./primary.ts";
import type { RecordedCommit } from "./recorded-commits.ts";

export interface SiteOptions {
  /** Where the page was built to. */
  readonly page: string;
  /** Where LevelDB is. */
  readonly folder: string;
  readonly recorded: readonly RecordedCommit[];
  /** 0 for any that is free. */
  readonly port: number;
}

export interface Site extends AsyncDisposable {
  readonly origin: string;
  readonly primary: Primary;
}

/**
 * Opens both for this machine alone: browsers let pages of `localhost` keep a service worker without TLS.
 *
 * @throws {Error} The system's, such as `EADDRINUSE`.
 * @throws {SyncError} `STORE_LOCKED` when another process has the folder open.
 */
export async function openSite({ page, folder, recorded, port }: SiteOptions): Promise<Site> {
  const http = createServer(await pageFiles(page));
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, "localhost", resolve);
  });
  const close = () => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  };
  try {
    const primary = await Primary.open(folder, http, recorded);
    // `as`: it listens at a port.
    const address = http.address() as AddressInfo;
    return {
      origin: `http://localhost:${address.port}`,
      primary,
      async [Symbol.asyncDispose]() {
        await primary[Symbol.asyncDispose]();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
