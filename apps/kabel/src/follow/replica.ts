/** The store in which what arrives is kept. */
import { isSyncError, type Store } from "@datahike-sync/core";
import { FileStore } from "@datahike-sync/store-file";
import { LevelStore } from "@datahike-sync/store-level";
import { ClassicLevel } from "classic-level";
import { storeCodec } from "../codecs.ts";
import { Complaint } from "../complaint.ts";
import type { FollowSettings } from "./settings.ts";

/** @throws {Complaint} when somebody else has it, or it was written in another codec. */
export async function openReplica(settings: FollowSettings): Promise<Store> {
  const { kind, path } = settings.target;
  const codec = storeCodec(settings.codec);
  try {
    if (kind === "folder") return await FileStore.open({ path, codec });
    return await LevelStore.open(new ClassicLevel(path), { codec });
  } catch (cause) {
    if (isSyncError(cause, "STORE_LOCKED")) {
      throw new Complaint("failed", `${path} is in use: end who has it, or give another`, cause);
    }
    if (isSyncError(cause, "CODEC_UNSUPPORTED")) {
      const words = `${path} was written with another --codec: give that one, or another --${kind}`;
      throw new Complaint("failed", words, cause);
    }
    throw cause;
  }
}
