/** What the page shows, but for the table and the list. */
import type { SubscriptionStats, SyncProgress, SyncStatus } from "@datahike-sync/core";
import type { WalkSyncProgress } from "@datahike-sync/store-tiered";
import { element, write } from "./elements.ts";
import type { Reading } from "./reading.ts";
import { count, moment, number, phase, size } from "./text.ts";

export class Screen {
  readonly #status: HTMLElement = element("status", HTMLElement);
  readonly #progress: HTMLProgressElement = element("progress", HTMLProgressElement);
  #hasFailed = false;

  showReading({ transaction, updatedAt, items, datoms }: Reading): void {
    write("transaction", number(transaction));
    write("transaction-more", updatedAt === undefined ? "" : `made ${moment(updatedAt)}`);
    write("items-count", number(items));
    write("items-count-more", datoms === undefined ? "" : count(datoms, "fact"));
  }

  /** @param hasData Whether there is a database to be seen. */
  showStatus(status: SyncStatus, isCut: boolean, hasData: boolean): void {
    if (this.#hasFailed) return;
    write("status", phase(status, isCut));
    this.#status.dataset["phase"] = status.phase;
    const isKnown = status.phase === "live" || status.phase === "syncing";
    write("lag", isKnown ? count(status.lag, "commit") : "–");
    write("lag-more", isKnown ? lagText(status.lag) : "nobody to ask");
    if (status.phase === "live") this.#rest("Everything is here", 1);
    else if (!isKnown) this.#rest(idleText(status, hasData), hasData ? 1 : 0);
  }

  /** Of a catch-up: what a live commit brings is there before anybody could read how far it is. */
  showProgress({ received, receivedBytes, total }: SyncProgress): void {
    if (this.#status.dataset["phase"] === "live") return;
    const entries =
      total === undefined ? number(received) : `${number(received)} of ${number(total)}`;
    write("progress-text", `Receiving: ${entries} entries, ${size(receivedBytes)}`);
    // Without a value it says that something is going on, and not how far it is.
    if (total === undefined) this.#progress.removeAttribute("value");
    else this.#progress.value = Math.min(1, received / total);
  }

  showTraffic({ operations, bytes }: SubscriptionStats): void {
    write("received", size(bytes));
    write("received-more", `${count(operations, "entry", "entries")} since the page was opened`);
  }

  /** What this site takes of the disk, other tabs of it included. */
  async showStorage(): Promise<void> {
    // Absent outside secure contexts, whatever the types say.
    const { storage } = navigator as Partial<Navigator>;
    const { usage, quota } = (await storage?.estimate()) ?? {};
    write("stored", usage === undefined ? "–" : size(usage));
    write("stored-more", quota === undefined ? "" : `of ${size(quota)} for this site`);
  }

  /** What was here when the page was opened, and how long it took to read it into memory. */
  showWalk({ reached }: WalkSyncProgress, ms: number): void {
    write("found", count(reached, "entry", "entries"));
    const took = `in memory after ${number(Math.round(ms))} ms`;
    write("found-more", reached === 0 ? "when the page was opened" : took);
  }

  /** From now on the status stays so: what still comes would hide that something does not. */
  fail(error: unknown): void {
    this.#hasFailed = true;
    write("status", `Stopped: ${error instanceof Error ? error.message : String(error)}`);
    this.#status.dataset["phase"] = "failed";
    this.#rest("Nothing goes on until the page is opened again", 0);
  }

  #rest(text: string, value: number): void {
    write("progress-text", text);
    this.#progress.value = value;
  }
}

function idleText({ phase, error }: SyncStatus, hasData: boolean): string {
  if (phase === "failed") return error?.message ?? "";
  if (hasData) return "Without the server: this is what the browser has";
  return phase === "offline" ? "Nothing has arrived yet" : "Asking the server";
}

function lagText(lag: number): string {
  return lag === 0 ? "up to date" : "on their way";
}
