/** Moves a tree on and on, in the folder that it is told. */
import { writeSync } from "node:fs";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { FileStore } from "@datahike-sync/store-file";
import { numberOf, ROOT, treeCommit } from "./tree.ts";

const [, , path = ""] = process.argv;
const store = await FileStore.open({ path, codec: fressianCodec() });
for (let number = numberOf(await store.get(ROOT)) + 1; ; number++) {
  await store.write(treeCommit(number));
  writeSync(1, `${number}\n`);
}
