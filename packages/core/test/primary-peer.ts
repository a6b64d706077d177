/** The other side of a primary's line: takes its messages as a replica would, and remembers them. */
import {
  type Codec,
  type Cursor,
  type Encoded,
  type Message,
  type MessageOf,
  type MessageType,
  type Operation,
  openStore,
  type RegisterOptions,
  type Registration,
  readBody,
  type StepCursor,
  type Store,
  SYNC_LIMITS,
  type SyncError,
  type SyncEvent,
  type SyncLimits,
  type WireOperation,
} from "@datahike-sync/core";
import { type Edn, identity, print, read, type Uuid, uuid } from "@datahike-sync/edn";
import type { Line } from "../src/dialect.ts";
import type { Environment, Upstream } from "../src/environment.ts";
import { PrimaryLine } from "../src/primary/primary-line.ts";
import { PrimaryStores } from "../src/primary/primary-stores.ts";
import { answers } from "../src/reconcile/answers.ts";
import { ItemSet } from "../src/reconcile/item-set.ts";
import { StepChecksum } from "../src/step-checksum.ts";
import { ManualClock, TestDisk } from "./replica-world.ts";

/** EDN text: a codec that needs no other package. */
const codec: Codec = {
  name: "edn",
  lossy: [],
  encode: (value) => new TextEncoder().encode(print(value)),
  decode: (bytes) => read(new TextDecoder().decode(bytes)),
};

export const STORE: Uuid = uuid("1ebf788e-dd20-5274-9050-b5d76d77a9ab");

/** Runs everything that waits for nothing but other code. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    });
  }
}

export interface TestEnvironment extends Environment {
  readonly clock: ManualClock;
  readonly events: SyncEvent[];
  readonly faults: SyncError[];
}

export function environmentOf(limits: Partial<SyncLimits> = {}): TestEnvironment {
  const events: SyncEvent[] = [];
  const faults: SyncError[] = [];
  return {
    limits: { ...SYNC_LIMITS, ...limits },
    clock: new ManualClock(),
    random: () => 0.5,
    onWake: () => () => undefined,
    events,
    faults,
    tell: (event) => events.push(event),
    report: (error) => faults.push(error),
  };
}

/** An entry at a replica. */
export interface HeldEntry {
  readonly key: Edn;
  readonly text: string;
  readonly lastWrite: number;
  readonly immutable: boolean;
  readonly isNode: boolean;
}

export interface PeerOptions {
  readonly principal?: unknown;
  readonly window?: number;
  readonly select?: Edn;
  /** Acknowledges nothing by itself. */
  readonly isLazy?: boolean;
  /** Answers no offers and no ranges by itself. */
  readonly isSilent?: boolean;
  /** Says no hello. */
  readonly isMute?: boolean;
}

/** What a replica remembers. */
export interface Memory {
  entries: Map<string, HeldEntry>;
  cursor: StepCursor | undefined;
  selection: Uuid | undefined;
  tokens: Edn | undefined;
  position: Edn | undefined;
}

export function emptyMemory(): Memory {
  return {
    entries: new Map(),
    cursor: undefined,
    selection: undefined,
    tokens: undefined,
    position: undefined,
  };
}

/** A batch that came, with what it brought. */
export type Came = MessageOf<"batch"> & { readonly operations: readonly WireOperation[] };

/** One subscription on a line of its own. */
export class Peer {
  readonly memory: Memory;
  readonly primary: PrimaryLine;
  /** Everything that came, in order. */
  readonly messages: Message[] = [];
  readonly batches: Came[] = [];
  /** Called when a step is whole. */
  onCut: () => void = () => undefined;
  closedWith: string | undefined;
  isClosed = false;
  /** Makes `send` wait, as a line without room does. */
  gate: Promise<void> | undefined;
  /** Bytes that came and were not acknowledged. */
  unacked = 0;
  maxUnacked = 0;
  #id = 0;
  readonly #options: PeerOptions;
  readonly #kept = new Map<string, WireOperation>();
  readonly #parts = new Map<string, Uint8Array[]>();
  readonly #checksum = new StepChecksum();
  readonly #named = new Set<string>();
  #isWhole = false;
  #isCatchingUp = true;
  #unackedBatches: { readonly batch: number; readonly bytes: number }[] = [];

  constructor(
    stores: PrimaryStores,
    environment: Environment,
    options: PeerOptions = {},
    memory: Memory = emptyMemory(),
  ) {
    this.memory = memory;
    this.#options = options;
    this.primary = new PrimaryLine(stores, environment);
    const line: Line = {
      peer: { principal: options.principal },
      codec,
      traits: { commits: true, classes: "wire", resync: "message", verify: true },
      isClosed: false,
      send: async (message, body) => {
        if (this.isClosed) return;
        this.#receive(message, body ?? new Uint8Array());
        await this.gate;
      },
      close: async (code) => {
        this.drop(code);
      },
    };
    this.primary.begin(line);
    if (options.isMute === true) return;
    this.primary.onAgreed({
      maxFrameBytes: environment.limits.maxFrameBytes,
      maxWindowBytes: environment.limits.windowBytes,
      pingMs: environment.limits.pingMs,
    });
  }

  /** Says something as the replica. What the primary throws ends the line, as dialects do it. */
  say(message: Message): void {
    if (this.isClosed) return;
    try {
      this.primary.onMessage(message);
    } catch (error) {
      this.drop((error as SyncError).code);
    }
  }

  /** Subscribes with what it remembers. */
  async subscribe(have: Partial<MessageOf<"subscribe">["have"]> = {}): Promise<void> {
    const { cursor, selection, tokens, position } = this.memory;
    this.say({
      type: "subscribe",
      id: ++this.#id,
      storeId: STORE,
      select: this.#options.select ?? null,
      have: { cursor: cursor && cursorOf(cursor), selection, tokens, position, ...have },
      window: this.#options.window ?? SYNC_LIMITS.windowBytes,
      deltas: [],
    });
    await settled();
  }

  ack(batch: number): void {
    while (this.#unackedBatches[0] !== undefined && this.#unackedBatches[0].batch <= batch) {
      this.unacked -= this.#unackedBatches.shift()?.bytes ?? 0;
    }
    this.say({ type: "ack", id: this.#id, batch });
  }

  /** Acknowledges everything that came. */
  ackAll(): void {
    const last = this.#unackedBatches.at(-1);
    if (last !== undefined) this.ack(last.batch);
  }

  /** Acknowledges whatever comes until something holds. */
  async takeUntil(holds: () => boolean): Promise<void> {
    for (let turn = 0; !holds(); turn++) {
      if (turn > 5_000) throw new Error("it does not come");
      this.ackAll();
      await settled();
    }
  }

  /** The line is gone. */
  drop(code?: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closedWith = code;
    this.primary.onClose({ code });
  }

  of<T extends MessageType>(type: T): readonly MessageOf<T>[] {
    return this.messages.filter((one): one is MessageOf<T> => one.type === type);
  }

  get plans(): readonly string[] {
    return this.of("subscribed").map(({ plan }) => plan);
  }

  get errors(): readonly string[] {
    return this.of("error").map(({ code }) => code);
  }

  get operations(): readonly WireOperation[] {
    return this.batches.flatMap(({ operations }) => operations);
  }

  /** What it shows, as text. */
  get shown(): string {
    return shownOf(this.memory.entries.values());
  }

  #receive(message: Message, body: Uint8Array): void {
    this.messages.push(message);
    switch (message.type) {
      case "subscribed":
        this.memory.selection = message.selection;
        return;
      case "batch":
        this.#take(message, body);
        this.#note(message.batch, body.length);
        return;
      case "offer": {
        for (const key of message.keys) this.#checksum.add("offer", identity(key), 0, 0);
        for (const key of message.keys) this.#named.add(identity(key));
        this.#isWhole ||= message.whole;
        const missing = message.keys.filter((key) => !this.memory.entries.has(identity(key)));
        if (this.#options.isSilent !== true) {
          this.#later(() => this.say({ type: "need", id: message.id, keys: missing }));
        }
        this.#note(message.batch, 0);
        return;
      }
      case "reconcile": {
        if (this.#options.isSilent === true) return;
        const items = new ItemSet(this.memory.entries.values());
        const { id } = message;
        this.#later(() => {
          for (const ranges of answers(items, message.ranges)) {
            this.say({ type: "reconcile", id, ranges });
          }
        });
        return;
      }
      case "resync":
        this.#kept.clear();
        this.#parts.clear();
        this.#named.clear();
        this.#isWhole = false;
        this.#checksum.reset();
        this.#isCatchingUp = true;
        return;
      case "ping":
        if (this.#options.isLazy !== true) this.#later(() => this.say({ type: "pong" }));
        return;
      default:
    }
  }

  #later(job: () => void): void {
    queueMicrotask(job);
  }

  #note(batch: number, bytes: number): void {
    this.unacked += bytes;
    this.maxUnacked = Math.max(this.maxUnacked, this.unacked);
    this.#unackedBatches.push({ batch, bytes });
    if (this.#options.isLazy !== true) this.#later(() => this.ack(batch));
  }

  #take(message: MessageOf<"batch">, body: Uint8Array): void {
    const operations = Array.from(readBody(body, codec));
    this.batches.push({ ...message, operations });
    const { memory } = this;
    for (const operation of operations) {
      const id = identity(operation.key);
      if (operation.op === "part") {
        this.#parts.set(id, [...(this.#parts.get(id) ?? []), operation.bytes]);
        continue;
      }
      const whole = this.#completed(operation, id);
      const bytes = "value" in whole ? (whole.value?.bytes.length ?? 0) : 0;
      if (this.#isCatchingUp) this.#checksum.add(whole.op, id, whole.lastWrite, bytes);
      this.#named.add(id);
      const isEarly = message.mode === "early" && memory.cursor === undefined;
      const isNow = whole.op === "node" && message.mode !== "recycled";
      if (isNow || (isEarly && whole.op === "cell")) {
        this.#kept.delete(id);
        this.#apply(whole, id);
      } else {
        this.#kept.delete(id);
        this.#kept.set(id, whole);
      }
    }
    if (message.position !== undefined) memory.position = message.position;
    if (message.to !== undefined) this.#cut(message);
  }

  #completed(operation: Exclude<WireOperation, { op: "part" }>, id: string): typeof operation {
    if (!("value" in operation) || operation.value !== undefined) return operation;
    const bytes = Uint8Array.from((this.#parts.get(id) ?? []).flatMap((part) => Array.from(part)));
    this.#parts.delete(id);
    const value: Encoded = { codec: codec.name, bytes, decode: () => codec.decode(bytes) };
    return { ...operation, value };
  }

  #apply(operation: WireOperation, id: string): void {
    if (operation.op === "part") return;
    if (!("value" in operation)) {
      this.memory.entries.delete(id);
      return;
    }
    const { key, value, lastWrite, immutable, op } = operation;
    const text = new TextDecoder().decode(value?.bytes);
    const isNode = op === "node";
    this.memory.entries.set(id, { key, text, lastWrite, immutable, isNode });
  }

  #cut({ from, to, tokens, count, fingerprint }: MessageOf<"batch">): void {
    const { memory } = this;
    if (this.#isCatchingUp) {
      if (count !== this.#checksum.count || fingerprint !== this.#checksum.fingerprint) {
        throw new Error("count or fingerprint differ");
      }
      this.#checksum.reset();
    } else if (from === undefined) {
      throw new Error("a live step from nowhere");
    }
    if (from !== undefined && !isSame(from, memory.cursor)) {
      throw new Error(`from ${print(from.seq)}, which is not ${memory.cursor?.seq}`);
    }
    for (const [id, operation] of this.#kept) this.#apply(operation, id);
    this.#kept.clear();
    if (this.#isWhole) {
      for (const id of Array.from(memory.entries.keys())) {
        if (!this.#named.has(id)) memory.entries.delete(id);
      }
    }
    this.#isWhole = false;
    this.#named.clear();
    this.#isCatchingUp = false;
    memory.cursor = to;
    memory.tokens = tokens ?? (from === undefined ? undefined : memory.tokens);
    memory.position = undefined;
    this.onCut();
  }
}

function isSame(a: Cursor, b: Cursor | undefined): boolean {
  return a.era === b?.era && a.seq === b.seq;
}

function cursorOf({ era, seq }: Cursor): Cursor {
  return { era, seq };
}

/** Entries as text, to be compared. */
export function shownOf(entries: Iterable<Pick<HeldEntry, "key" | "text">>): string {
  return Array.from(entries, ({ key, text }) => `${print(key)} ${text}`)
    .sort()
    .join("\n");
}

export function set(key: Edn, value: Edn, immutable = false): Operation {
  return { op: "set", key, value, immutable };
}

export function gone(key: Edn): Operation {
  return { op: "delete", key };
}

/** What a store has, as a peer shows it. */
export async function contentOf(
  store: Store,
  passes: (key: Edn, value: Edn) => boolean = () => true,
): Promise<string> {
  const entries: { key: Edn; text: string }[] = [];
  for await (const { key } of store.keys()) {
    const value = await store.get(key);
    if (value !== undefined && passes(key, value)) entries.push({ key, text: print(value) });
  }
  return shownOf(entries);
}

/** A primary with one store, and a way to get lines to it. */
export interface World {
  readonly environment: TestEnvironment;
  readonly disk: TestDisk;
  readonly store: Store;
  readonly stores: PrimaryStores;
  readonly registration: Registration;
  /** Another opener of the same store, with the same clock. */
  readonly reopen: () => Promise<Store>;
  readonly peer: (options?: PeerOptions, memory?: Memory) => Peer;
}

export async function open(
  limits: Partial<SyncLimits> = {},
  options: RegisterOptions = {},
  {
    upstream = () => undefined,
    seed,
  }: { upstream?: (() => Upstream | undefined) | undefined; seed?: number | undefined } = {},
): Promise<World> {
  const environment = environmentOf(limits);
  const disk = new TestDisk(seed);
  let now = 0;
  // No two commits at the same time: a comparison tells an entry's states apart by their times.
  const reopen = () => openStore(disk.driver(), { codec, now: () => ++now });
  const store = await reopen();
  const stores = new PrimaryStores(environment);
  const registration = stores.register(store, STORE, options, upstream);
  const peer = (peerOptions: PeerOptions = {}, memory?: Memory) =>
    new Peer(stores, environment, peerOptions, memory);
  return { environment, disk, store, stores, registration, reopen, peer };
}
