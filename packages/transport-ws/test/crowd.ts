/** A primary, and replicas of it in other processes. */
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import { createSyncContext, type SyncContext, type SyncLimits } from "@datahike-sync/core";
import { MemoryStore } from "@datahike-sync/store-memory";
import { type Child, ChildProgram } from "@datahike-sync/testing/kill";
import { listen, type WsServer, type WsTransport } from "@datahike-sync/transport-ws/server";
import {
  CHAPTER_KEY,
  COMMIT_KEY,
  CROWD_STORE,
  digestOf,
  FIRST_CHAPTER,
  type Report,
} from "./crowd-terms.ts";

const VALUE_BYTES = 64;

/** Serves a store to crowds, and can keep all of them before its door. */
export class CrowdedPrimary implements AsyncDisposable {
  readonly store: MemoryStore;
  readonly #server: WsServer;
  readonly #context: SyncContext;
  readonly #lines = new Set<WsTransport>();
  readonly #door: Door;
  /** The most that ever caught up at once. */
  mostCatchingUp = 0;
  /** How often somebody was put back to catching up. */
  resyncs = 0;
  #commits = 0;
  #chapter = FIRST_CHAPTER;

  static async open(limits: Partial<SyncLimits>): Promise<CrowdedPrimary> {
    const codec = msgpackCodec();
    const door = new Door();
    const server = await listen({
      host: "127.0.0.1",
      authenticate: async () => {
        await door.pass();
        return { principal: undefined };
      },
      authenticateTimeoutMs: 60_000,
    });
    const store = await MemoryStore.open({ codec });
    return new CrowdedPrimary(store, server, door, createSyncContext({ codec, limits }));
  }

  private constructor(store: MemoryStore, server: WsServer, door: Door, context: SyncContext) {
    this.store = store;
    this.#server = server;
    this.#door = door;
    this.#context = context;
    context.registerStore(store, CROWD_STORE);
    context.onEvent(({ type }) => {
      if (type === "resync") this.resyncs++;
      this.mostCatchingUp = Math.max(this.mostCatchingUp, context.stats().catchingUp);
    });
    context.serve(server);
    server.onConnection((line) => {
      this.#lines.add(line);
      line.onClose(() => this.#lines.delete(line));
    });
  }

  get address(): string {
    return this.#server.address;
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  get commits(): number {
    return this.#commits;
  }

  /** Makes numbered commits at an even pace. */
  async commit(count: number, perSecond: number): Promise<void> {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const waitMs = start + (i * 1000) / perSecond - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const value = new Uint8Array(VALUE_BYTES).fill(i);
      await this.store.set(`${COMMIT_KEY}${this.#commits}`, value);
      this.#commits++;
    }
  }

  /** Ends a chapter. Resolves to what the crowds have to say of it. */
  async endChapter(): Promise<{ readonly chapter: number; readonly digest: string }> {
    this.#chapter++;
    await this.store.set(CHAPTER_KEY, this.#chapter);
    return { chapter: this.#chapter, digest: await digestOf(this.store) };
  }

  /** Cuts every line. Nobody gets another before {@link CrowdedPrimary.letIn}. */
  cutAll(): void {
    this.#door.shut();
    for (const line of this.#lines) line.break();
  }

  /** Lets all in at once, as soon as so many are back. */
  async letIn(count: number): Promise<void> {
    await this.#door.crowded(count);
    this.#door.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await this.#server.close();
  }
}

/** Keeps those who come while it is shut. */
class Door {
  #isShut = false;
  #waiting: (() => void)[] = [];
  #onCome: () => void = () => undefined;

  async pass(): Promise<void> {
    if (!this.#isShut) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#onCome();
    });
  }

  shut(): void {
    this.#isShut = true;
  }

  /** Resolves when so many wait. */
  async crowded(count: number): Promise<void> {
    while (this.#waiting.length < count) {
      await new Promise<void>((resolve) => {
        this.#onCome = resolve;
      });
    }
  }

  open(): void {
    this.#isShut = false;
    for (const pass of this.#waiting) pass();
    this.#waiting = [];
  }
}

/** Replicas in a process of their own. */
export class Crowd implements AsyncDisposable {
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: Child) {
    this.#child = child;
    this.#lines = child.lines()[Symbol.asyncIterator]();
  }

  static gather(program: ChildProgram, address: string, size: number): Crowd {
    return new Crowd(program.start(address, String(size)));
  }

  /** What they say when all of them have a chapter. */
  async at(chapter: number): Promise<Report> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true)
        throw new Error(`the crowd is gone: ${(await this.#child.ended).complaint}`);
      if (value === "") continue;
      // `as`: what the program says.
      const report = JSON.parse(value) as Report;
      if (report.chapter === chapter) return report;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.ended;
  }
}

export function crowdProgram(): Promise<ChildProgram> {
  return ChildProgram.make(new URL("./crowd-program.ts", import.meta.url));
}
