/** The commits of a store that is open for writing, one after the other. */
import {
  binary,
  type Commit,
  type Encoded,
  type StandingChange,
  type WriteResult,
} from "@datahike-sync/core";
import { type Edn, SyncError, type Uuid } from "@datahike-sync/edn";
import type { Change } from "./change.ts";
import { diskFailure } from "./disk-failure.ts";
import { type Known, makeDraft } from "./draft.ts";
import { toFact } from "./fact.ts";
import type { FileWriter } from "./file-writer.ts";
import type { Folder } from "./folder.ts";
import type { StoreState } from "./journal.ts";
import type { Lock } from "./lock.ts";
import type { StageFiles } from "./stage-files.ts";
import type { Standings } from "./standings.ts";
import { FILES_AT_ONCE, inOrder } from "./work.ts";

/** A commit to be made: its operations are known, or depend on the value of one key. */
export interface Write {
  readonly changes: readonly Change[] | ValueChange;
  readonly standing?: StandingChange | undefined;
}

/** Decides what becomes of a key when its value is known. */
interface ValueChange {
  readonly name: string;
  readonly key: Edn;
  decide(value: Encoded | undefined): readonly Change[];
}

export interface CommitsOptions {
  readonly folder: Folder;
  readonly writer: FileWriter;
  readonly standings: Standings;
  readonly stages: StageFiles;
  readonly lock: Lock;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The id of the era that the commits belong to. */
  readonly era: string;
  readonly onCommit: (commit: Commit) => void;
}

export class Commits {
  readonly #options: CommitsOptions;
  #tail: Promise<unknown> = Promise.resolve();
  /** One that has failed, and is made all the same before any other. */
  #untold: Commit | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** The number of the last commit. */
  get last(): number {
    return this.#options.writer.state.last;
  }

  /** Resolves when the commit is on disk and was told. */
  write(write: Write): Promise<WriteResult> {
    return this.run(() => this.#commit(write));
  }

  /** Does something between two commits. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(async () => {
      await this.#options.lock.check();
      return job();
    });
    this.#tail = done.catch(() => undefined);
    try {
      return await done;
    } catch (cause) {
      throw diskFailure(cause);
    }
  }

  async #commit({ changes, standing }: Write): Promise<WriteResult> {
    const { writer, stages, now, era } = this.#options;
    await this.#catchUp();
    await stages.sync();
    if (standing !== undefined) await this.#checkRevision(standing);
    const origin = standing?.storeId;
    const { state } = writer;
    const time = Math.max(now(), state.clock);
    const { changed, skipped } = await this.#draft(changes, origin, time);
    if (changed.size === 0 && standing === undefined) return { skipped };
    const next = changed.size === 0 ? state : stateAfter(state, time, changed);
    if (changed.size === 0) {
      await writer.write(changed, standing, next);
      return { skipped };
    }
    const cursor = { era, seq: next.last };
    const operations = Array.from(changed.values(), toFact);
    const commit = { cursor, operations, ...(origin !== undefined && { origin }) };
    try {
      await writer.write(changed, standing, next);
    } catch (error) {
      if (writer.isBehind) this.#untold = commit;
      throw error;
    }
    this.#options.onCommit(commit);
    return { cursor, skipped };
  }

  /** Whoever tries a commit again that had failed is told of no second one: it must not miss the first. */
  async #catchUp(): Promise<void> {
    await this.#options.writer.catchUp();
    const commit = this.#untold;
    this.#untold = undefined;
    if (commit !== undefined) this.#options.onCommit(commit);
  }

  async #checkRevision({ storeId, was }: StandingChange): Promise<void> {
    const is = (await this.#options.standings.read(storeId))?.revision ?? 0;
    if (is === was) return;
    throw new SyncError("CURSOR_MOVED", "the subscription was moved meanwhile", {
      details: { was, is },
    });
  }

  async #draft(changes: Write["changes"], origin: Uuid | undefined, now: number) {
    const { folder } = this.#options;
    const known = new Map<string, Known>();
    if ("decide" in changes) {
      const entry = await folder.entry(changes.key);
      if (entry !== undefined) known.set(changes.name, entry);
      return makeDraft(changes.decide(entry?.value), { known, origin, now });
    }
    const names = new Map<string, Change>();
    for (const change of changes) {
      if (change.op === "set" || !names.has(change.name)) names.set(change.name, change);
    }
    const read = async ({ name, key, op }: Change): Promise<[string, Known | undefined]> => {
      if (op === "set") return [name, await folder.entryFor(key, name)];
      const entry = await folder.metaFor(key, name);
      return [name, entry && { ...entry, value: UNREAD }];
    };
    for await (const [name, entry] of inOrder(names.values(), FILES_AT_ONCE, read)) {
      if (entry !== undefined) known.set(name, entry);
    }
    return makeDraft(changes, { known, origin, now });
  }
}

/** Of what is only deleted nobody needs the value. */
const UNREAD: Encoded = binary(new Uint8Array(0));

function stateAfter(
  { last }: StoreState,
  time: number,
  changed: ReadonlyMap<string, Known>,
): StoreState {
  let clock = time;
  for (const { value, origin, lastWrite } of changed.values()) {
    // Nobody remembers when it went: what comes under its key must be later all the same.
    if (value === undefined && origin === undefined) clock = Math.max(clock, lastWrite);
  }
  return { clock, last: last + 1 };
}
