import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { listen } from "@datahike-sync/transport-ws/server";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { Service } from "../src/demo/service.ts";
import {
  BUILD_TIMEOUT_MS,
  build,
  makeFolder,
  type Primary,
  sharePrimary,
  startPrimary,
  startService,
  tryService,
} from "./processes.ts";

const NOBODY = "ws://127.0.0.1:1";
const SOME_STORE = "1ebf788e-dd20-5274-9050-b5d76d77a9ab";
/** So long that no line is sent away before the test is over. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** Of those tests that do not kill it. */
let primary: Primary;

beforeAll(async () => {
  await build();
  const [shared, end] = await sharePrimary();
  primary = shared;
  return end;
}, BUILD_TIMEOUT_MS);

test("a primary, a relay and its replica: what is committed arrives at both", async () => {
  const folder = await makeFolder();
  const { store } = primary;
  const relay = await startService({
    primary: primary.lines,
    store,
    folder: join(folder, "relay"),
  });
  const replica = await startService({ primary: relay.lines, store, folder: join(folder, "copy") });
  await replica.has(1);
  const seq = await primary.commit();
  const [there, here] = [await relay.has(seq), await replica.has(seq)];
  expect(there).toMatchObject({ ready: true, phase: "live", seq });
  expect(here).toEqual(there);
  expect((await relay.get("/ready")).status).toBe(200);
  expect(await metric(relay, "relay_subscribers")).toBe(1);
  expect(await metric(replica, "relay_subscribers")).toBe(0);
  expect(await replica.end("SIGTERM")).toBe(0);
  expect(await relay.end("SIGINT")).toBe(0);
});

test("a primary that is killed and comes back is followed again, for what changed", async () => {
  const folder = await makeFolder();
  const mortal = await startPrimary(join(folder, "primary"));
  const { store, lines } = mortal;
  const service = await startService({ primary: lines, store, folder: join(folder, "copy") });
  const { received } = await service.has(1);
  await mortal.child.end("SIGKILL");
  await service.child.tells("phase", ({ phase }) => phase === "offline");
  const away = await service.get("/ready");
  expect(away.status).toBe(503);
  expect(await away.json()).toMatchObject({ live: true, reasons: ["offline: TRANSPORT_CLOSED"] });
  expect((await service.get("/live")).status).toBe(200);

  const back = await startPrimary(join(folder, "primary"), Number(new URL(lines).port));
  const seq = await back.commit();
  const after = await service.has(seq);
  expect(after.received - received).toBeGreaterThan(0);
  expect(after.received - received).toBeLessThan(received);
  expect(await metric(service, "reconnects_total")).toBe(1);
});

test("a second service on the same folder is told so, and the first goes on", async () => {
  const folder = await makeFolder();
  const first = await startService({ primary: NOBODY, store: SOME_STORE, folder });
  const second = tryService({ primary: NOBODY, store: SOME_STORE, folder });
  expect(await second.ended).toBe(1);
  const { code, message } = await second.tells("failed");
  expect(code).toBe("STORE_LOCKED");
  expect(message).toContain(folder);
  expect((await first.get("/live")).status).toBe(200);
  expect(await first.end("SIGTERM")).toBe(0);
  expect(
    await (await startService({ primary: NOBODY, store: SOME_STORE, folder })).end("SIGINT"),
  ).toBe(0);
});

test.each(["port", "status-port"])("a --%s that is taken is named", async (flag) => {
  const folder = await makeFolder();
  const port = await takePort();
  const child = tryService({ primary: NOBODY, store: SOME_STORE, folder, [flag]: port });
  expect(await child.ended).toBe(1);
  const { message } = await child.tells("failed");
  expect(message).toContain(`--${flag} ${port}`);
  expect(message).toContain("EADDRINUSE");
});

test("while nothing listens it goes on dialing, and ends when it is told to", async () => {
  const folder = await makeFolder();
  const service = await startService({ primary: NOBODY, store: SOME_STORE, folder });
  const { code, message } = await service.child.tells("error");
  expect(code).toBe("TRANSPORT_CLOSED");
  expect(message).toContain("ECONNREFUSED");
  expect((await service.get("/live")).status).toBe(200);
  expect((await service.get("/ready")).status).toBe(503);
  expect(await service.end("SIGTERM")).toBe(0);
});

test("a token that is refused is named, and one that replaces it is taken", async () => {
  const folder = await makeFolder();
  const [asked, said] = [join(folder, "asked"), join(folder, "said")];
  await writeFile(asked, "right\n");
  await writeFile(said, "wrong");
  const { store } = primary;
  const relay = await startService({
    primary: primary.lines,
    store,
    folder: join(folder, "relay"),
    "client-token-file": asked,
  });
  const replica = await startService({
    primary: relay.lines,
    store,
    folder: join(folder, "copy"),
    "token-file": said,
  });
  await replica.child.tells("error", ({ code }) => code === "UNAUTHORIZED");
  const refused = await (await replica.get("/ready")).json();
  expect(refused.reasons).toEqual(["offline: UNAUTHORIZED"]);
  await writeFile(said, "right");
  expect(await replica.has(1)).toMatchObject({ phase: "live" });
});

test("a token file that is not there is named", async () => {
  const folder = await makeFolder();
  const file = join(folder, "none");
  const flags = { primary: NOBODY, store: SOME_STORE, folder, "token-file": file };
  const service = await startService(flags);
  const { message } = await service.child.tells("error");
  expect(message).toContain(file);
});

test("a file with the token of clients that is not there ends the service", async () => {
  const folder = await makeFolder();
  const file = join(folder, "none");
  const flags = { primary: NOBODY, store: SOME_STORE, folder, "client-token-file": file };
  const child = tryService(flags);
  expect(await child.ended).toBe(1);
  const { message } = await child.tells("failed");
  expect(message).toContain("--client-token-file");
  expect(message).toContain(file);
});

test("a store that the primary has not ends the service", async () => {
  const folder = await makeFolder();
  const child = tryService({
    primary: primary.lines,
    store: SOME_STORE,
    folder: join(folder, "copy"),
  });
  expect(await child.ended).toBe(1);
  expect(await child.tells("failed")).toMatchObject({ code: "STORE_NOT_FOUND" });
});

test("while it drains it says that it is not ready, and a second signal ends it at once", async () => {
  const folder = await makeFolder();
  const { store } = primary;
  const relay = await startService({
    primary: primary.lines,
    store,
    folder: join(folder, "relay"),
    "drain-ms": FOR_EVER_MS,
  });
  const replica = await startService({ primary: relay.lines, store, folder: join(folder, "copy") });
  await replica.has(1);
  void relay.child.end("SIGTERM");
  await relay.child.tells("draining");
  expect(await (await relay.get("/ready")).json()).toMatchObject({ reasons: ["stopping"] });
  expect((await relay.get("/live")).status).toBe(200);
  const seq = await primary.commit();
  expect(await replica.has(seq)).toMatchObject({ ready: true });
  expect(await relay.end("SIGTERM")).toBe(1);
});

test("metrics are in the text format of Prometheus", async () => {
  const folder = await makeFolder();
  const service = await startService({ primary: NOBODY, store: SOME_STORE, folder });
  await service.child.tells("error");
  const response = await service.get("/metrics");
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  const families = text.split(/^# HELP /m).slice(1);
  expect(families.length).toBeGreaterThan(15);
  expect(new Set(families.map((family) => family.split(" ", 1)[0])).size).toBe(families.length);
  for (const family of families) {
    const [, name = "", type] = /^(\S+) .*\n# TYPE \1 (gauge|counter)\n/.exec(family) ?? [];
    expect(name, family).toMatch(type === "counter" ? /^[a-z_]+_total$/ : /^[a-z_]+(?<!_total)$/);
    for (const sample of family.trimEnd().split("\n").slice(2)) {
      expect(sample).toMatch(
        new RegExp(`^${name}(\\{[a-z]+="\\w+"\\})? -?\\d+(\\.\\d+)?(e[-+]\\d+)?$`),
      );
    }
  }
  expect(text).toMatch(/^datahike_sync_errors_total\{code="TRANSPORT_CLOSED"\} [1-9]\d*$/m);
  expect(text).toMatch(/^datahike_sync_phase\{phase="live"\} 0$/m);
});

test("codes that a primary makes up are counted as one", async () => {
  const folder = await makeFolder();
  const server = await listen({ host: "127.0.0.1" });
  let lines = 0;
  server.onConnection((line) => void line.close(`MADE_UP_${++lines}`));
  onTestFinished(() => server.close());
  const flags = { primary: server.address, store: SOME_STORE, folder, codec: "msgpack" };
  const service = await startService(flags);
  await service.child.tells("error", ({ code }) => code === "MADE_UP_2");
  expect(await metric(service, 'errors_total{code="OTHER"}')).toBeGreaterThan(1);
  expect(await (await service.get("/metrics")).text()).not.toContain("MADE_UP");
});

test("who asks for anything else is told that it is not there", async () => {
  const folder = await makeFolder();
  const service = await startService({ primary: NOBODY, store: SOME_STORE, folder });
  expect((await service.get("/")).status).toBe(404);
  expect((await service.get("/ready", { method: "POST" })).status).toBe(405);
});

test("what makes no sense ends the service with code 2", async () => {
  const child = tryService({ primary: "http://here", store: SOME_STORE, folder: "data" });
  expect(await child.ended).toBe(2);
  expect(child.complaint).toContain("--primary");
  expect(child.complaint).toContain("usage:");
});

/** A port that somebody else has until the test is over. */
async function takePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it is at no port");
  return address.port;
}

async function metric(service: Service, name: string): Promise<number> {
  const text = await (await service.get("/metrics")).text();
  const start = `datahike_sync_${name} `;
  const line = text.split("\n").find((one) => one.startsWith(start));
  return Number(line?.slice(start.length));
}
