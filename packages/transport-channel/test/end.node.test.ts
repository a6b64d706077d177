import { createChannel } from "@datahike-sync/transport-channel";
import { expect, test } from "vitest";

test("what a listener of the end throws is nobody else's: all are told, and it goes uncaught", async () => {
  const fault = new Error("the listener's fault");
  const told: string[] = [];
  const uncaught = nextUncaught();
  const [near, far] = createChannel();
  near.onClose(() => {
    told.push("near 1");
    throw fault;
  });
  near.onClose(() => told.push("near 2"));
  far.onClose(() => told.push("far"));
  await near.close();
  expect(await uncaught).toBe(fault);
  expect(told.toSorted()).toEqual(["far", "near 1", "near 2"]);
});

/** The next error that nobody catches, which is kept from the runner. */
function nextUncaught(): Promise<unknown> {
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  return new Promise((resolve) => {
    process.once("uncaughtException", (error) => {
      for (const listener of others) process.on("uncaughtException", listener);
      resolve(error);
    });
  });
}
