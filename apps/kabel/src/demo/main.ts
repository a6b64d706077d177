/** Both commands against each other, each a process, on a database that the JVM wrote. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpackStore } from "@datahike-sync/fixtures";
import { Child } from "@datahike-sync/testing/child";
import { redoCommit, undoCommit } from "./last-commit.ts";

const SERVE = new URL("../serve/main.js", import.meta.url);
const FOLLOW = new URL("../follow/main.js", import.meta.url);

const folder = await mkdtemp(join(tmpdir(), "kabel-"));
try {
  await using database = await unpackStore("datahike-0.8/small");
  await demonstrate(database.path);
} finally {
  await rm(folder, { recursive: true });
}

async function demonstrate(path: string): Promise<void> {
  const head = await undoCommit(path);
  const server = new Child(SERVE, ["--path", path, "--port", "0"], tell("serve "));
  const [, id = "", url = ""] =
    /^serving +(\S+) .* at (\S+),/.exec(await server.says("serving")) ?? [];
  const flags = [url, "--store", id, "--level", join(folder, "level")];
  const follower = new Child(FOLLOW, flags, tell("follow"));
  await follower.says("live");
  await redoCommit(path, head);
  console.log("        another process makes the next commit in the folder");
  await follower.says("step 2");
  console.log(`follow  ends at Ctrl-C with code ${await follower.end("SIGINT")}`);
  console.log(`serve   ends at Ctrl-C with code ${await server.end("SIGINT")}`);
}

function tell(who: string): (line: string) => void {
  return (line) => console.log(`${who}  ${line}`);
}
