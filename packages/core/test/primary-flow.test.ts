import { expect, test } from "vitest";
import { Flow } from "../src/primary/flow.ts";

test("what is sent behind its end is waited for by nobody", () => {
  const timers = new Set<() => void>();
  const flow = new Flow({
    windowBytes: 100,
    timeoutMs: 1_000,
    clock: {
      now: () => 0,
      after: (_delayMs, job) => {
        timers.add(job);
        return () => timers.delete(job);
      },
    },
    onAck: () => undefined,
    onTimeout: () => undefined,
  });
  flow.send(10);
  expect(timers.size).toBe(1);
  flow.end();
  flow.expect();
  flow.send(10);
  expect(timers.size).toBe(0);
});
