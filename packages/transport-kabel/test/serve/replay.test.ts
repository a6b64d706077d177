import { describe, expect, test } from "vitest";
import { readSession, SESSIONS } from "./recorded.ts";
import { Stage } from "./stage.ts";

describe.each(SESSIONS)("our server in %s", (name) => {
  test("says what the JVM's said", async () => {
    const session = await readSession(name);
    const stage = await Stage.open(session);
    await stage.play();
    expect(stage.faults).toEqual([]);
    expect(stage.compared, "frames that were compared").toBeGreaterThan(10);
    expect(stage.sameBytes, "frames of the same bytes").toBeGreaterThan(10);
  });
});
