import { SyncError, type SyncStatus } from "@datahike-sync/core";
import { expect, test } from "vitest";
import { healthOf } from "../src/health.ts";

const LIVE: SyncStatus = {
  phase: "live",
  consistent: true,
  cursor: { era: "e", seq: 7 },
  lag: 0,
  skipped: 0,
  error: undefined,
};
const LIMITS = { maxLag: 10, isStopping: false };

test("who has synced and lags behind no more than was said is ready", () => {
  expect(healthOf({ ...LIVE, lag: 10 }, LIMITS)).toEqual({ live: true, ready: true, reasons: [] });
});

test("who lags behind further is not, and says by how much", () => {
  expect(healthOf({ ...LIVE, lag: 11 }, LIMITS)).toEqual({
    live: true,
    ready: false,
    reasons: ["11 commits are missing, more than 10"],
  });
});

test("who is about to end is not", () => {
  expect(healthOf(LIVE, { ...LIMITS, isStopping: true })).toMatchObject({
    live: true,
    ready: false,
    reasons: ["stopping"],
  });
});

test("who shows what is in between two states is not", () => {
  expect(healthOf({ ...LIVE, consistent: false }, LIMITS)).toMatchObject({ ready: false });
});

test.each(["connecting", "syncing", "offline", "closed"] as const)(
  "in the phase %s nobody is ready, and nobody is to be restarted",
  (phase) => {
    expect(healthOf({ ...LIVE, phase }, LIMITS)).toEqual({
      live: true,
      ready: false,
      reasons: [phase],
    });
  },
);

test("who has failed is to be restarted, and says why", () => {
  const error = new SyncError("STORE_NOT_FOUND", "there is no such store");
  expect(healthOf({ ...LIVE, phase: "failed", error }, LIMITS)).toEqual({
    live: false,
    ready: false,
    reasons: ["failed: STORE_NOT_FOUND"],
  });
});
