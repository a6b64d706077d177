/** The list of what arrived, the last first. */
import type { SubscriptionStats } from "@datahike-sync/core";
import { create, element } from "./elements.ts";
import type { Reading } from "./reading.ts";
import { count, difference, size, timeOfDay } from "./text.ts";

/** What came on the line. */
type Traffic = Pick<SubscriptionStats, "operations" | "bytes">;

export class StepsList {
  readonly #list: HTMLOListElement = element("steps", HTMLOListElement);
  #shown: Reading | undefined;
  /** What had come when that was shown. */
  #counted: Traffic = { operations: 0, bytes: 0 };

  /** Adds an entry where this is another transaction than the one before. */
  show(reading: Reading, { operations, bytes }: Traffic): void {
    if (reading.transaction === this.#shown?.transaction) return;
    const traffic = {
      operations: operations - this.#counted.operations,
      bytes: bytes - this.#counted.bytes,
    };
    this.#list.prepend(entryOf(reading, this.#shown, traffic));
    while (this.#list.childElementCount > MAX_ENTRIES) this.#list.lastElementChild?.remove();
    this.#shown = reading;
    this.#counted = { operations, bytes };
  }
}

const MAX_ENTRIES = 8;

function entryOf(now: Reading, before: Reading | undefined, traffic: Traffic): HTMLLIElement {
  const entry = create("li");
  const at = new Date();
  const time = create("time", timeOfDay(at));
  time.dateTime = at.toISOString();
  entry.append(time, create("strong", `Transaction ${now.transaction}`));
  entry.append(create("span", changesOf(now, before)));
  entry.append(create("span", trafficOf(traffic, before === undefined), "more"));
  return entry;
}

function changesOf(now: Reading, before: Reading | undefined): string {
  if (before === undefined) return `${count(now.items, "item")} to begin with`;
  const items = changeOf(now.items - before.items, "item");
  const facts = changeOf((now.datoms ?? 0) - (before.datoms ?? 0), "fact");
  const from = now.transaction === before.transaction + 1 ? "" : `, after ${before.transaction}`;
  return `${items}, ${facts}${from}`;
}

function changeOf(by: number, noun: string): string {
  if (by === 0) return `as many ${noun}s`;
  return `${difference(by)} ${noun}${Math.abs(by) === 1 ? "" : "s"}`;
}

function trafficOf({ operations, bytes }: Traffic, isFirst: boolean): string {
  const ms = Math.round(performance.now());
  if (operations === 0) return isFirst ? `was here, shown after ${ms} ms` : "–";
  return `${count(operations, "entry", "entries")}, ${size(bytes)}`;
}
