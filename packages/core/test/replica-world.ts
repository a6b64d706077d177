/** What tests of the replica side run in: a disk with several openers, a clock, a primary that is told. */
import {
  type Agreement,
  type Batch,
  BodyWriter,
  type Clock,
  type Codec,
  type Dialect,
  type DriverOperation,
  type DriverRange,
  encoded,
  type Have,
  type Line,
  type LineListener,
  type Message,
  type MessageOf,
  type MessageType,
  openStore,
  type Store,
  type StoreDriver,
  type SubscribeOptions,
  type Subscription,
  SYNC_LIMITS,
  type SyncError,
  type SyncEvent,
  type SyncLimits,
  type Transport,
  type WireOperation,
} from "@datahike-sync/core";
import { type Edn, identity, print, read, uuid } from "@datahike-sync/edn";
import { Random } from "@datahike-sync/testing";
import { Connection } from "../src/replica/connection.ts";
import { StepChecksum } from "../src/step-checksum.ts";

/** EDN text: a codec that needs no other package. */
export const CODEC: Codec = {
  name: "edn",
  lossy: [],
  encode: (value) => new TextEncoder().encode(print(value)),
  decode: (bytes) => read(new TextDecoder().decode(bytes)),
};

export const STORE = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");
export const SELECTION = uuid("22222222-dd20-5274-9050-b5d76d77a9ab");
export const at = (seq: number, era = "e1") => ({ era, seq });

/** Runs what waits on promises, as far as that goes without time. */
export async function quiet(turns = 400): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

/** Runs what waits on promises until something holds. */
export async function until(holds: () => boolean, what = holds.toString()): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (holds()) return;
    await Promise.resolve();
  }
  throw new Error(`never: ${what}`);
}

/** Time that the test moves. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly job: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, job: () => void): () => void {
    const timer = { at: this.#now + delayMs, job };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Each timer at its time, with all that follows from it before the next. */
  async pass(ms: number, turns?: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await quiet(turns);
      const due = [...this.#timers].filter((timer) => timer.at <= end);
      const [next] = due.sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.job();
    }
    this.#now = end;
  }

  /** As a process that was asleep finds it. */
  sleep(ms: number): void {
    this.#now += ms;
  }
}

/** A disk with any number of openers. What is under way at a crash never ends. */
export class TestDisk {
  #rows = new Map<string, Uint8Array>();
  #openers = new Set<object>();
  readonly #random: Random;
  #time = 0;
  /** Called before each commit; what it resolves to has to be waited for. */
  beforeCommit: (() => Promise<void> | undefined) | undefined;

  constructor(seed = 0) {
    this.#random = new Random(seed);
  }

  open(codec: Codec = CODEC): Promise<Store> {
    return openStore(this.driver(), { codec, now: () => ++this.#time });
  }

  crash(): void {
    this.#openers = new Set();
  }

  driver(): StoreDriver {
    const opener = {};
    this.#openers.add(opener);
    const reader = (rows: () => Map<string, Uint8Array>) => ({
      getMany: (keys: readonly string[]) =>
        this.#later(opener, () => keys.map((key) => rows().get(key))),
      scan: (range: DriverRange, options: { limit: number; reverse?: boolean | undefined }) =>
        this.#later(opener, () => scan(rows(), range, options)),
    });
    return {
      exclusive: false,
      durability: "commit",
      ...reader(() => this.#rows),
      get: (key) => this.#later(opener, () => this.#rows.get(key)),
      read: (job) => {
        const rows = new Map(this.#rows);
        return job(reader(() => rows));
      },
      commit: async (operations, { expect }) => {
        await this.beforeCommit?.();
        return this.#later(opener, () => this.#commit(operations, expect));
      },
      close: async () => void this.#openers.delete(opener),
      destroy: async () => this.#rows.clear(),
    };
  }

  #commit(
    operations: readonly DriverOperation<Uint8Array>[],
    expect: { readonly key: string; readonly row: Uint8Array | undefined } | undefined,
  ): boolean {
    if (expect !== undefined && String(this.#rows.get(expect.key)) !== String(expect.row)) {
      return false;
    }
    const rows = new Map(this.#rows);
    for (const { key, row } of operations) {
      if (row === undefined) rows.delete(key);
      else rows.set(key, row);
    }
    this.#rows = rows;
    return true;
  }

  async #later<T>(opener: object, job: () => T): Promise<T> {
    for (let turns = this.#random.below(4); turns > 0; turns--) await Promise.resolve();
    return this.#openers.has(opener) ? job() : new Promise(() => undefined);
  }
}

function scan(
  rows: Map<string, Uint8Array>,
  { gt, gte, lt }: DriverRange,
  { limit, reverse = false }: { limit: number; reverse?: boolean | undefined },
): [string, Uint8Array][] {
  const found = [...rows].filter(
    ([key]) => key < lt && (gt === undefined || key > gt) && (gte === undefined || key >= gte),
  );
  found.sort(([a], [b]) => (a < b === reverse ? 1 : -1));
  return found.slice(0, limit);
}

/** What a batch of a test says beside its operations. */
export type Head = Partial<Omit<Batch, "type" | "id" | "batch">> & {
  /** Count and fingerprint of all that was sent. */
  readonly sums?: boolean;
  /** What is counted in place of the operations. */
  readonly counted?: readonly WireOperation[];
};

/** A line as its primary end sees it. */
/** More than replicas let an acknowledgement wait. */
const ACKED_MS = 50;

export class PrimaryEnd implements Line {
  readonly peer = {};
  readonly codec = CODEC;
  readonly traits = { commits: true, classes: "wire", resync: "message", verify: true } as const;
  readonly got: Message[] = [];
  readonly #listener: LineListener;
  readonly #clock: ManualClock;
  readonly #checksums = new Map<number, StepChecksum>();
  readonly #batches = new Map<number, number>();
  isClosed = false;
  closeCode: string | undefined;

  constructor(listener: LineListener, clock: ManualClock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  /** Until something holds of what is acknowledged: what belongs to live steps waits a moment for more. */
  async acked(holds: (batches: readonly number[]) => boolean): Promise<void> {
    const doesHold = () => holds(this.of("ack").map(({ batch }) => batch));
    for (let ms = 0; ms < ACKED_MS && !doesHold(); ms++) await this.#clock.pass(1);
    await until(doesHold, `acknowledgements: ${holds.toString()}`);
  }

  async send(message: Message): Promise<void> {
    if (this.isClosed) throw Object.assign(closedError(), {});
    this.got.push(message);
  }

  async close(code?: string): Promise<void> {
    this.closeCode ??= code;
    this.break();
  }

  /** The cable is cut. */
  break(error?: SyncError): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#listener.onClose({ error, code: this.closeCode });
  }

  agree(agreement: Partial<Agreement> = {}): this {
    this.#listener.onAgreed({
      maxFrameBytes: 2 ** 24,
      maxWindowBytes: 2 ** 24,
      pingMs: 15_000,
      ...agreement,
    });
    return this;
  }

  say(message: Message, body: Uint8Array = new Uint8Array(0)): void {
    if (this.isClosed) return;
    try {
      this.#listener.onMessage(message, body);
    } catch (error) {
      this.closeCode = (error as SyncError).code;
      this.break(error as SyncError);
    }
  }

  of<T extends MessageType>(type: T): MessageOf<T>[] {
    return this.got.filter((message): message is MessageOf<T> => message.type === type);
  }

  /** How many batches and offers the last subscription was sent. */
  get sent(): number {
    return this.#batches.get(this.id) ?? 0;
  }

  /** The last subscription that was asked for. */
  get id(): number {
    return this.of("subscribe").at(-1)?.id ?? 0;
  }

  get have(): Have | undefined {
    return this.of("subscribe").at(-1)?.have;
  }

  subscribed(
    plan: MessageOf<"subscribed">["plan"] = "changes",
    last = 0,
    selection = SELECTION,
  ): void {
    this.say({
      type: "subscribed",
      id: this.id,
      era: "e1",
      last,
      plan,
      selection,
      total: undefined,
    });
  }

  batch(
    operations: readonly WireOperation[],
    { sums = false, counted = operations, ...head }: Head = {},
  ): number {
    const { id } = this;
    const writer = new BodyWriter(CODEC);
    for (const operation of operations) writer.add(operation);
    for (const operation of counted) {
      if (operation.op === "part") continue;
      const length = "value" in operation ? (operation.value?.bytes.length ?? 0) : 0;
      this.checksum.add(operation.op, identity(operation.key), operation.lastWrite, length);
    }
    const { count, fingerprint } = this.checksum;
    const batch = this.#next(id);
    this.say(
      {
        type: "batch",
        id,
        batch,
        position: undefined,
        from: undefined,
        to: undefined,
        tokens: undefined,
        count: sums ? count : undefined,
        fingerprint: sums ? fingerprint : undefined,
        mode: undefined,
        ...head,
      },
      writer.finish(),
    );
    return batch;
  }

  offer(keys: readonly Edn[], whole = true): void {
    for (const key of keys) this.checksum.add("offer", identity(key), 0, 0);
    this.say({ type: "offer", id: this.id, batch: this.#next(this.id), keys, whole });
  }

  complete(seq: number, era?: string): void {
    this.say({ type: "complete", id: this.id, cursor: at(seq, era) });
  }

  /** With a resync, or behind a first step, counting begins anew. */
  resetSums(): void {
    this.checksum.reset();
  }

  get checksum(): StepChecksum {
    const checksum = this.#checksums.get(this.id) ?? new StepChecksum();
    this.#checksums.set(this.id, checksum);
    return checksum;
  }

  #next(id: number): number {
    const batch = (this.#batches.get(id) ?? 0) + 1;
    this.#batches.set(id, batch);
    return batch;
  }
}

function closedError(): Error {
  return Object.assign(new Error("closed"), { name: "SyncError", code: "TRANSPORT_CLOSED" });
}

export interface WorldOptions {
  readonly limits?: Partial<SyncLimits>;
  readonly random?: () => number;
}

/** One process: connections to a primary that the test plays. */
export class World {
  readonly clock = new ManualClock();
  readonly events: SyncEvent[] = [];
  readonly faults: SyncError[] = [];
  /** Who wants to know when the platform wakes. */
  readonly wakers = new Set<() => void>();
  /** Lines in the order in which they were opened. */
  readonly lines: PrimaryEnd[] = [];
  readonly #options: WorldOptions;
  readonly #random = new Random(7);
  #taken = 0;
  dials = 0;
  /** What the next dial rejects with. */
  refusal: Error | undefined;
  ended = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
  }

  connection(): Connection {
    const dialect: Dialect = {
      name: "test",
      traits: { commits: true, classes: "wire", resync: "message", verify: true },
      open: (_transport, _options, listener) => {
        const line = new PrimaryEnd(listener, this.clock);
        this.lines.push(line);
        return line;
      },
    };
    return new Connection({
      open: async () => {
        this.dials++;
        if (this.refusal !== undefined) throw this.refusal;
        return TRANSPORT;
      },
      dialect,
      codec: CODEC,
      environment: {
        limits: { ...SYNC_LIMITS, ...this.#options.limits },
        clock: this.clock,
        random: this.#options.random ?? (() => this.#random.next()),
        onWake: (listener) => {
          this.wakers.add(listener);
          return () => this.wakers.delete(listener);
        },
        tell: (event) => this.events.push(event),
        report: (error) => this.faults.push(error),
      },
      onEnd: () => this.ended++,
    });
  }

  follow(store: Store, options: SubscribeOptions = {}): Subscription {
    return this.connection().follow(STORE, store, options);
  }

  /** The next line, agreed. */
  async agreed(): Promise<PrimaryEnd> {
    await until(() => this.lines.length > this.#taken, "a line");
    return (this.lines[this.#taken++] as PrimaryEnd).agree();
  }

  /** The next line, agreed, with a subscription asked for. */
  async line(): Promise<PrimaryEnd> {
    const line = await this.agreed();
    await until(() => line.of("subscribe").length > 0, "a subscribe");
    return line;
  }
}

/** A store that has caught up to `at(1)`, by one batch. */
export async function live(
  world: World,
  store: Store,
  operations: readonly WireOperation[],
  plan: MessageOf<"subscribed">["plan"] = "diff",
): Promise<{ readonly line: PrimaryEnd; readonly subscription: Subscription }> {
  const subscription = world.follow(store);
  const line = await world.line();
  line.subscribed(plan, 1);
  line.batch(operations, { to: at(1), sums: true });
  line.complete(1);
  await subscription.synced();
  await line.acked(({ length }) => length === 1);
  return { line, subscription };
}

/** Of a line that the test's dialect does not need. */
const TRANSPORT = { close: async () => undefined } as unknown as Transport;

export function node(key: Edn, value: Edn, lastWrite = 1): WireOperation {
  return {
    op: "node",
    key,
    type: "edn",
    immutable: true,
    lastWrite,
    value: encoded(CODEC, CODEC.encode(value)),
  };
}

export function cell(key: Edn, value: Edn, lastWrite = 1): WireOperation {
  return { ...node(key, value, lastWrite), op: "cell", immutable: false } as WireOperation;
}

export function pointer(key: Edn, value: Edn, lastWrite = 1): WireOperation {
  return { ...node(key, value, lastWrite), op: "pointer", immutable: false } as WireOperation;
}

export function deleteNode(key: Edn): WireOperation {
  return { op: "deleteNode", key, type: "edn", immutable: true, lastWrite: 2 };
}

export function deleteCell(key: Edn): WireOperation {
  return { op: "delete", key, type: "edn", immutable: false, lastWrite: 2 };
}

/** All that a store shows, as text. */
export async function contents(store: Store): Promise<Record<string, string>> {
  const shown: Record<string, string> = {};
  for await (const { key } of store.keys()) {
    const value = await store.get(key);
    shown[print(key)] = value === undefined ? "gone" : print(value);
  }
  return shown;
}
