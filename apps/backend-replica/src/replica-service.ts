/** A LevelDB that follows a primary and is served to further replicas. */
import { fressianHandlers } from "@datahike-sync/btset";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { msgpackCodec } from "@datahike-sync/codec-msgpack";
import {
  type Codec,
  createSyncContext,
  type Store,
  type Subscription,
  type SyncContext,
  type SyncError,
} from "@datahike-sync/core";
import { LevelStore } from "@datahike-sync/store-level";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import {
  listen,
  NodeWebSocket,
  nativeProtocol,
  type WsServer,
} from "@datahike-sync/transport-ws/server";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { ClassicLevel } from "classic-level";
import { factsOf, type Log } from "./log.ts";
import { Observer } from "./observer.ts";
import type { Settings } from "./settings.ts";
import { StatusServer } from "./status-server.ts";
import { holdersOf, tokenIn } from "./tokens.ts";
import { Tombstones } from "./tombstones.ts";

/** A service that runs. */
export class ReplicaService {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #parts: Parts;
  #stopped: Promise<void> | undefined;

  private constructor(settings: Settings, log: Log, parts: Parts) {
    this.#settings = settings;
    this.#log = log;
    this.#parts = parts;
  }

  /**
   * Opens the folder and both ports, and begins to follow; it does not wait for the primary.
   *
   * @throws {Error} that says which of them, or which token, is not to be had; its cause is the store's `SyncError`, or the
   * system's error.
   */
  static async start(settings: Settings, log: Log): Promise<ReplicaService> {
    const { host, folder, port, statusPort, clientTokenFile, keepHours } = settings;
    const codec = codecOf(settings);
    // Without it everybody would be refused, and only told that their own token is wrong.
    if (clientTokenFile !== undefined) {
      await named("--client-token-file", tokenIn(clientTokenFile)());
    }
    const opened: { close(): Promise<void> }[] = [];
    const keep = async <T extends { close(): Promise<void> }>(what: string, part: Promise<T>) => {
      opened.unshift(await named(what, part));
      return part;
    };
    try {
      const store = await keep(
        `the store in ${folder}`,
        LevelStore.open(new ClassicLevel(folder), { codec }),
      );
      const lines = await keep(`--port ${port} of ${host}`, listenAt(settings, codec, log));
      const observer = new Observer(settings.maxLag, log);
      const status = await keep(
        `--status-port ${statusPort} of ${host}`,
        StatusServer.listen(host, statusPort, observer),
      );
      const context = createSyncContext({ codec });
      const subscription = follow(context, store, codec, settings);
      observer.observe(context, subscription);
      context.serve(lines);
      const tombstones = new Tombstones(store, {
        keepMs: keepHours * HOUR_MS,
        onError: (error) => log("error", "tombstones", factsOf(error)),
      });
      log("info", "started", { lines: lines.address, status: status.address });
      return new ReplicaService(settings, log, {
        store,
        lines,
        observer,
        status,
        context,
        tombstones,
      });
    } catch (error) {
      for (const part of opened) await part.close();
      throw error;
    }
  }

  /** Resolves, to why, when there is nothing to be hoped for any more. */
  get failed(): Promise<SyncError> {
    return this.#parts.observer.failed;
  }

  /**
   * Is ready no more, sends further replicas elsewhere, ends what it follows when what arrived is on
   * disk, and gives up the folder.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { observer, lines, context, tombstones, store, status } = this.#parts;
    observer.isStopping = true;
    this.#log("info", "draining", { lines: context.stats().lines });
    await lines.drain({ overMs: this.#settings.drainMs });
    await context.close();
    await lines.close();
    await tombstones.stop();
    await store.close();
    // The last, so that whoever asks meanwhile is told that this is stopping.
    await status.close();
    this.#log("info", "stopped");
  }
}

interface Parts {
  readonly store: Store;
  readonly lines: WsServer;
  readonly observer: Observer;
  readonly status: StatusServer;
  readonly context: SyncContext;
  readonly tombstones: Tombstones;
}

const HOUR_MS = 3_600_000;

function follow(
  context: SyncContext,
  store: Store,
  codec: Codec,
  { primary, storeId, tokenFile, walker: walkerName }: Settings,
): Subscription {
  const dial = wsDialer(primary, {
    WebSocket: NodeWebSocket,
    protocols: [nativeProtocol(codec)],
    token: tokenFile === undefined ? undefined : tokenIn(tokenFile),
  });
  const walker = walkerName === "datahike" ? datahikeWalker() : undefined;
  context.registerStore(store, storeId, { walker });
  return context.subscribe(dial, storeId, store, {
    walker,
    prune: walker === undefined ? "never" : "unreachable",
  });
}

function listenAt(
  { host, port, clientTokenFile }: Settings,
  codec: Codec,
  log: Log,
): Promise<WsServer> {
  const onError = (error: unknown): void => log("error", "client-token-file", factsOf(error));
  return listen({
    host,
    port,
    protocols: [nativeProtocol(codec)],
    authenticate: clientTokenFile === undefined ? undefined : holdersOf(clientTokenFile, onError),
  });
}

function codecOf({ codec }: Settings): Codec {
  return codec === "fressian" ? fressianCodec({ handlers: fressianHandlers() }) : msgpackCodec();
}

async function named<T>(what: string, part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    throw new Error(`${what} is not to be had`, { cause });
  }
}
