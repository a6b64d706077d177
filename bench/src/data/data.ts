/** What is replicated: entries that a store holds at first, and the commits that change them. */
import type { Codec, Walker } from "@datahike-sync/core";
import type { Edn } from "@datahike-sync/edn";
import type { StoreName } from "@datahike-sync/fixtures";
import type { Change } from "../system.ts";
import { DatahikeData, datahikeKind } from "./datahike-data.ts";
import { RandomData, randomKind } from "./random-data.ts";

/** Which data, in a form that another process is sent. */
export type DataName =
  | { readonly kind: "random"; readonly keys: number; readonly valueBytes: number }
  /** A database that Datahike wrote, and its last commits. */
  | { readonly kind: "datahike"; readonly store: StoreName; readonly commits: number };

/** Lives where the server does, and remembers what the server was given. */
export interface Data {
  readonly keys: number;
  /** Of the values on average, as an application has them. */
  readonly valueBytes: number;
  /**
   * What a server is loaded with. Everything begins anew.
   *
   * @param pending How many commits are still to come, where the data has only so many.
   */
  load(pending: number): readonly Change[];
  /** The next commits, so many; each changes `keys` entries where the data has no commits of its own. */
  next(commits: number, keys: number): readonly (readonly Change[])[];
  /** One commit that deletes entries. Those are the ones that `next` sets first. */
  remove(keys: number): readonly Change[];
  /** What every replica has to hold by now. */
  now(): Iterable<readonly [key: Edn, value: Uint8Array | undefined]>;
}

/** What both sides know of data of a kind. */
export interface DataKind {
  readonly codec: Codec;
  readonly walker: Walker | undefined;
}

export function kindOf({ kind }: DataName): DataKind {
  return kind === "random" ? randomKind() : datahikeKind();
}

export function openData(name: DataName): Promise<Data> {
  return name.kind === "random"
    ? Promise.resolve(new RandomData(name))
    : DatahikeData.open(name.store, name.commits);
}
