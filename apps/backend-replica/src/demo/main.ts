/** A primary, a relay and a replica of the relay, each a process, on a database that the JVM wrote. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { keyword, print } from "@datahike-sync/edn";
import { LevelStore } from "@datahike-sync/store-level";
import { datahikeWalker, isDbRecord } from "@datahike-sync/walker-datahike";
import { ClassicLevel } from "classic-level";
import { Child } from "./child.ts";
import { Service } from "./service.ts";

const folder = await mkdtemp(join(tmpdir(), "backend-replica-"));
try {
  await demonstrate();
} finally {
  await rm(folder, { recursive: true });
}

async function demonstrate(): Promise<void> {
  const primary = new Child(new URL("primary.js", import.meta.url), [join(folder, "primary"), "0"]);
  const { lines, store } = await primary.tells("started");
  const replicate = (name: string, from: string, port = 0): Promise<Service> =>
    Service.start(new URL("../main.js", import.meta.url), {
      primary: from,
      store: String(store),
      folder: join(folder, name),
      codec: "fressian",
      walker: "datahike",
      port,
    });
  say("the primary", `serves a Datahike database as it was some commits ago, at ${lines}`);
  let relay = await replicate("relay", String(lines));
  const replica = await replicate("replica", relay.lines);
  await report("the relay", relay, 1);
  await report("the replica", replica, 1);

  const commit = async (): Promise<number> => {
    const made = primary.said.length;
    primary.write("commit");
    const { seq } = await primary.tells("commit", (said) => primary.said.indexOf(said) >= made);
    say("the primary", `makes commit ${seq}`);
    return Number(seq);
  };
  const second = await commit();
  await report("the relay", relay, second);
  await report("the replica", replica, second);

  const { port } = relay;
  say("the relay", `is told to end, and ends with code ${await relay.end("SIGTERM")}`);
  await commit();
  const last = await commit();
  relay = await replicate("relay", String(lines), port);
  await report("the relay", relay, last);
  await report("the replica", replica, last);

  for (const [name, service] of [
    ["the replica", replica],
    ["the relay", relay],
  ] as const) {
    say(name, `is told to end, and ends with code ${await service.end("SIGTERM")}`);
  }
  primary.endInput();
  await primary.ended;
  await readCopy();
}

/** Tells when somebody has a commit. */
async function report(name: string, service: Service, seq: number): Promise<void> {
  const { received } = await service.has(seq);
  say(name, `has commit ${seq}; ${received} entries came since it began`);
}

/** Reads the replica's folder, whose process has ended. */
async function readCopy(): Promise<void> {
  const codec = fressianCodec({ handlers: fressianHandlers() });
  await using copy = await LevelStore.open(new ClassicLevel(join(folder, "replica")), { codec });
  let reached = 0;
  for await (const _ of datahikeWalker().walk(copy)) reached++;
  const head = await copy.get(keyword("db"));
  const tx = isDbRecord(head) ? print(head.get(keyword("max-tx")) ?? null) : "none";
  say("its folder", `has all ${reached} entries that the database of transaction ${tx} is made of`);
}

function say(who: string, what: string): void {
  console.log(`${who.padEnd(12)} ${what}`);
}
