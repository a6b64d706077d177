/** Writes that are accepted before the backend has them. */
import {
  type Commit,
  type Encoded,
  type FeedOperation,
  isEncoded,
  type Operation,
  type Store,
  type WriteOptions,
} from "@datahike-sync/core";
import { type Edn, equals, identity, snapshot } from "@datahike-sync/edn";

export interface WriteBehindOptions {
  readonly backend: Store;
  /** How many operations may be accepted that the backend does not have. */
  readonly maxBehind: number;
  /** So many commits that were accepted will never be made. */
  readonly onLost: (error: unknown, commits: number) => void;
}

/** What an accepted write makes of a key. */
export interface Pending {
  /** `undefined`: it is deleted. */
  readonly value: Edn | undefined;
}

/**
 * Hands writes to the backend one after the other, in the order in which they were asked for. When one
 * fails, those that were asked for behind it are not made either: they may need what it would have brought,
 * as a pointer needs its nodes.
 */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  /** Accepted, and not yet made. */
  readonly #accepted = new Set<BehindWrite>();
  /** To be accepted when there is room, in order. */
  readonly #atDoor: BehindWrite[] = [];
  /** How many operations are accepted and not yet made. */
  #behind = 0;
  /** What they make of keys, by identity. */
  readonly #pending = new Map<
    string,
    { readonly operation: Operation; readonly by: BehindWrite }
  >();
  #tail: Promise<unknown> = Promise.resolve();
  /** What the backend is being given. */
  #making: BehindWrite | undefined;
  #failure: { readonly error: unknown } | undefined;
  readonly #stopListening: () => void;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    this.#stopListening = options.backend.onCommit((commit) => this.#onCommit(commit));
  }

  /** What is shown of a key until the backend has it. */
  get(key: Edn): Pending | undefined {
    if (this.#pending.size === 0) return undefined;
    const operation = this.#pending.get(identity(key))?.operation;
    if (operation === undefined) return undefined;
    if (operation.op === "delete") return { value: undefined };
    return { value: snapshot(decoded(operation.value)) };
  }

  /** Whether the backend does not have what one of these keys shows. */
  hasAny(keys: readonly Edn[]): boolean {
    return this.#pending.size > 0 && keys.some((key) => this.#pending.has(identity(key)));
  }

  /**
   * Resolves when the write is accepted, which is when there is room for it.
   *
   * @throws {TypeError} for what is no value. What a write before it failed with that was accepted: while
   * this one waited, or, if nobody was told yet, before.
   */
  accept(operations: readonly Operation[], options: WriteOptions): Promise<void> {
    const taken = operations.map(taking);
    return new Promise((accept, refuse) => {
      this.#tell();
      const write: BehindWrite = { operations: taken, options, accept, refuse };
      for (const operation of taken) {
        this.#pending.set(identity(operation.key), { operation, by: write });
      }
      this.#atDoor.push(write);
      this.#admit();
      this.#tail = this.#tail.then(() => this.#make(write));
    });
  }

  /** Does something when all that was asked for before has been done, or has failed. */
  async after<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(job);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all that was asked for before has been done, or has failed. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /**
   * Resolves when all that was asked for before has been done.
   *
   * @throws What a write failed with that was accepted, once.
   */
  async flush(): Promise<void> {
    await this.#tail;
    this.#tell();
  }

  /**
   * Does something that must not be there without all that was asked for before.
   *
   * @throws As {@link WriteBehind.flush}; then it is not done.
   */
  barrier<T>(job: () => Promise<T>): Promise<T> {
    return this.after(async () => {
      this.#tell();
      return job();
    });
  }

  /** Resolves when all has been done, or has failed. */
  async close(): Promise<void> {
    await this.#tail;
    this.#stopListening();
  }

  /**
   * What the backend has is shown no longer. When the write resolves it would be too late: by then somebody
   * else may have put something else there.
   */
  #onCommit({ operations }: Commit): void {
    if (this.#making === undefined) return;
    for (const fact of operations) {
      const id = identity(fact.key);
      const pending = this.#pending.get(id);
      if (pending?.by === this.#making && isMadeBy(fact, pending.operation)) {
        this.#pending.delete(id);
      }
    }
  }

  #tell(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** One that is larger than the limit is accepted alone. */
  #admit(): void {
    for (;;) {
      const [write] = this.#atDoor;
      if (write === undefined) return;
      const { length } = write.operations;
      if (this.#behind > 0 && this.#behind + length > this.#options.maxBehind) return;
      this.#atDoor.shift();
      this.#behind += length;
      this.#accepted.add(write);
      write.accept();
    }
  }

  async #make(write: BehindWrite): Promise<void> {
    // Those before it are made, so there was room for it: if it is not here, it went with one of them.
    if (!this.#accepted.has(write)) return;
    this.#making = write;
    try {
      await this.#options.backend.write(write.operations, write.options);
      this.#end(write);
    } catch (error) {
      const lost = Array.from(this.#accepted);
      for (const each of lost) this.#end(each);
      for (const each of this.#atDoor.splice(0)) {
        this.#end(each);
        each.refuse(error);
      }
      this.#failure ??= { error };
      this.#options.onLost(error, lost.length);
    }
    this.#making = undefined;
    this.#admit();
  }

  #end(write: BehindWrite): void {
    if (this.#accepted.delete(write)) this.#behind -= write.operations.length;
    for (const { key } of write.operations) {
      const id = identity(key);
      if (this.#pending.get(id)?.by === write) this.#pending.delete(id);
    }
  }
}

interface BehindWrite {
  readonly operations: readonly Operation[];
  readonly options: WriteOptions;
  readonly accept: () => void;
  readonly refuse: (error: unknown) => void;
}

function isMadeBy(fact: FeedOperation, operation: Operation): boolean {
  if (fact.op === "delete" || operation.op === "delete") return fact.op === operation.op;
  return equals(decoded(fact.value), decoded(operation.value));
}

function decoded(value: Edn | Encoded): Edn {
  return isEncoded(value) ? value.decode() : value;
}

/** The operation as it is now, whatever becomes of the arrays and bytes that it was made of. */
function taking(operation: Operation): Operation {
  const key = snapshot(operation.key);
  if (operation.op === "delete") return { op: "delete", key };
  const { value, type = "edn" } = operation;
  const isBinary = value instanceof Uint8Array || (isEncoded(value) && value.codec === "binary");
  if (type === "binary" && !isBinary) {
    throw new TypeError('a value of type "binary" is a Uint8Array');
  }
  if (type !== "binary" && isEncoded(value) && isBinary) {
    throw new TypeError('binary bytes are set with type "binary"');
  }
  return { ...operation, key, value: isEncoded(value) ? value : snapshot(value) };
}
