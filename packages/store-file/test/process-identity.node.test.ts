import { describe, expect, test } from "vitest";
import { mayRun, type ProcessIdentity, thisProcess } from "../src/process-identity.ts";

/** A number that no process has. */
const NOBODY = 2 ** 22;

describe("where a system does not tell its boot, as beside Linux", () => {
  const bare = async (): Promise<ProcessIdentity> => {
    return { ...(await thisProcess()), boot: null, namespace: null, start: null };
  };

  test("a process of another machine may run, whoever has its number here", async () => {
    const self = await bare();
    expect(await mayRun({ ...self, host: "elsewhere", pid: NOBODY }, self)).toBe(true);
  });

  test("a process of this one runs while somebody has its number", async () => {
    const self = await bare();
    expect(await mayRun(self, self)).toBe(true);
    expect(await mayRun({ ...self, pid: NOBODY }, self)).toBe(false);
  });
});

describe("where somebody could not tell who he is, and others can", () => {
  test("he may run as long as his number is taken", async () => {
    const self = await thisProcess();
    for (const hidden of ["boot", "namespace", "start"] as const) {
      expect(await mayRun({ ...self, [hidden]: null }, self), hidden).toBe(true);
    }
    expect(await mayRun({ ...self, boot: null, pid: NOBODY }, self)).toBe(false);
  });
});
