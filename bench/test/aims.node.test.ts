import { expect, test } from "vitest";
import { aimsOf } from "../src/aims.ts";
import type { Result } from "../src/bench.ts";
import { type Place, type Sample, toRow } from "../src/row.ts";
import { formatAims, formatRows } from "../src/table.ts";

const MB = 1e6;

function result(place: Partial<Place>, samples: readonly Sample[], peakMb = 10): Result {
  const where = {
    workload: "initial",
    system: "ours",
    keys: 100,
    valueBytes: 100,
    rttMs: 0,
    ...place,
  };
  const peak = { primary: peakMb * MB, replica: 10 * MB };
  return { row: toRow(where, samples, peak), samples };
}

function verdicts(...results: readonly Result[]): string[] {
  return aimsOf(results).map(({ name, is, isMet }) => `${isMet ? "ok" : "missed"} ${is} ${name}`);
}

test("ratios are those of neighbouring rounds, not of medians", () => {
  const ours = [
    { ms: 1, perSecond: 10 },
    { ms: 1, perSecond: 300 },
    { ms: 1, perSecond: 80 },
  ];
  const floor = [
    { ms: 1, perSecond: 10 },
    { ms: 1, perSecond: 100 },
    { ms: 1, perSecond: 100 },
  ];
  expect(
    verdicts(
      result({ workload: "burst" }, ours),
      result({ workload: "burst", system: "floor" }, floor),
    ),
  ).toContain("missed 1.00 x rate of the floor, burst (100 x 100 B)");
});

test("a figure that is missed is said beside those that are met", () => {
  const sample = { ms: 1, perSecond: 50, upBytes: 0, downBytes: 1 };
  const found = verdicts(
    result({}, [{ ...sample, perSecond: 60 }], 40),
    result({ system: "floor" }, [{ ...sample, perSecond: 100 }]),
    result({ workload: "reconnect-1" }, [{ upBytes: 301 }]),
  );
  expect(found).toEqual([
    "missed 0.60 x rate of the floor, initial (100 x 100 B)",
    "ok 1.00 x bytes of the floor, initial (100 x 100 B)",
    "missed 301 B bytes up, reconnect-1 (100 x 100 B)",
    "missed 30 MB peak beyond the floor's for each line, primary, initial (100 x 100 B)",
    "ok 0 MB peak beyond the floor's for each line, replica, initial (100 x 100 B)",
  ]);
});

test("what takes longer than the link is counted without the handshake's round trip", () => {
  const downBytes = 1.25 * MB;
  const at = (ms: number) => result({ rttMs: 100, keys: 1000 }, [{ ms, downBytes }]);
  const name = "beyond the handshake and the transfer, initial (1000 x 100 B, 100 ms)";
  expect(verdicts(at(1300))).toEqual([`ok 200 ms ${name}`]);
  expect(verdicts(at(1301))).toEqual([`missed 201 ms ${name}`]);
});

test("a table has the rows of a workload together, and empty places for figures that there are none of", () => {
  const rows = [
    result({}, [{ ms: 12.34, upBytes: 300 }]),
    result({ system: "floor" }, [{ ms: 5 }]),
  ];
  const text = formatRows(rows.map(({ row }) => row));
  expect(text).toMatch(/^100 keys of 100 B, loopback\n/);
  expect(text).toMatch(/^initial +ours +12\.3 +300 B +10\.0 \/ 10\.0$/m);
  expect(text).toMatch(/^initial +floor +5\.0 +10\.0 \/ 10\.0$/m);
  const aim = { name: "a", is: "1.00 x", limit: "at most 2.00 x", isMet: true };
  expect(formatAims([aim])).toMatch(/^ok +1\.00 x +at most 2\.00 x +a$/m);
});
