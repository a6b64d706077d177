/** Writes in a process whose files may not be longer than 100 KiB, which the system sees to. */
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { isSyncError, type Operation } from "@datahike-sync/core";
import { FileStore } from "@datahike-sync/store-file";

const [node, file = "", path = "", isLimited] = process.argv;

if (isLimited === undefined) {
  // Blocks of 512 bytes or of 1 KiB, as the shell likes.
  const script = 'ulimit -f 100 && exec "$0" "$@"';
  spawnSync("sh", ["-c", script, node ?? "", file, path, "limited"], { stdio: "inherit" });
} else {
  const store = await FileStore.open({ path, codec: fressianCodec() });
  const write = async (name: string, operations: readonly Operation[]) => {
    const outcome = await store.write(operations).then(
      () => "written",
      (error: unknown) => {
        return isSyncError(error)
          ? `${error.code} ${String(error.details["code"])}`
          : String(error);
      },
    );
    writeSync(1, `${name} ${outcome}\n`);
  };
  await write("small", [{ op: "set", key: "small", value: 1 }]);
  await write("large", [
    { op: "set", key: "more", value: 1 },
    { op: "set", key: "large", value: "x".repeat(200_000) },
  ]);
  writeSync(1, `small ${(await store.get("small")) === 1 ? "read" : "lost"}\n`);
  await write("other", [{ op: "set", key: "other", value: 2 }]);
  await store.close();
}
