/** Numbers as people read them. */
import type { SyncStatus } from "@datahike-sync/core";

const NUMBER = new Intl.NumberFormat("en");
const SIGNED = new Intl.NumberFormat("en", { signDisplay: "always" });
const SIZE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${NUMBER.format(number)} ${number === 1 ? noun : nouns}`;
}

export function number(value: number): string {
  return NUMBER.format(value).replace("-", "−");
}

/** With a sign in front. */
export function difference(value: number): string {
  return SIGNED.format(value).replace("-", "−");
}

/** Of bytes, in units of a thousand as browsers and disks have them. */
export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${SIZE.format(bytes / 1000 ** power)} ${units[power]}`;
}

export function timeOfDay(time: Date): string {
  return TIME.format(time);
}

export function moment(time: Date): string {
  return MOMENT.format(time);
}

/** A subscription's phase in words. */
export function phase({ phase, error }: SyncStatus, isCut: boolean): string {
  switch (phase) {
    case "connecting":
      return "Connecting";
    case "syncing":
      return "Catching up";
    case "live":
      return "Live";
    case "offline":
      return isCut ? "Line cut" : "Offline";
    case "failed":
      return `Stopped: ${error?.code ?? "failed"}`;
    case "closed":
      return "Stopped";
  }
}
