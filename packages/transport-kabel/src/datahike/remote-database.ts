/** A database of a Datahike server: its transactions go there, and come back through its store. */
import type { Store } from "@datahike-sync/core";
import {
  type Edn,
  EdnMap,
  identity,
  type Keyword,
  keyword,
  randomUuid,
  symbol,
  type Uuid,
} from "@datahike-sync/edn";
import { Connection } from "../connection.ts";
import { type Link, linkOf } from "../link.ts";
import { REMOTE_FAILURES, RemoteError } from "../remote/remote-error.ts";
import { CALL_TIMEOUT_MS, type CallOptions } from "../remote/remote-line.ts";
import type { RemotePeer } from "../remote/remote-peer.ts";
import { waitFor } from "../remote/wait-for.ts";
import { OwnTransactions } from "./own-transactions.ts";
import { ReportFeed, type ReportListener } from "./report-feed.ts";
import { maxTxOf, readTxReport, type TxReport } from "./tx-report.ts";

export interface RemoteDatabaseOptions {
  readonly remote: RemotePeer;
  /** Where the server is. */
  readonly to: Connection | Link;
  readonly storeId: Uuid;
  /**
   * The store that follows the server's: then a transaction is over when it is there. Without it, when
   * the server has answered.
   */
  readonly replica?: Store | undefined;
  /** What the pointer of the database is called. Default `:db`. */
  readonly branch?: Keyword | undefined;
}

export interface TransactOptions extends CallOptions {
  /** Facts of the transaction itself. */
  readonly txMeta?: EdnMap | undefined;
}

export class RemoteDatabase implements AsyncDisposable {
  readonly storeId: Uuid;
  readonly #options: RemoteDatabaseOptions;
  readonly #branch: Keyword;
  readonly #own = new OwnTransactions();
  #reports: ReportFeed | undefined;

  constructor(options: RemoteDatabaseOptions) {
    this.storeId = options.storeId;
    this.#options = options;
    this.#branch = options.branch ?? keyword("db");
  }

  /**
   * Sends a transaction. Resolves when the server has made it and the replica, where there is one, has
   * seen it: read your writes.
   *
   * @throws {RemoteError} with the server's `ex-data` as `data`, when it refused; with `type`
   * `:kabel.remote/timeout` and `details.maxTx` when it has made it and the replica has not seen it in
   * `timeoutMs`; else as `RemotePeer.invoke`.
   */
  async transact(txData: Edn, options: TransactOptions = {}): Promise<TxReport> {
    const { txMeta, timeoutMs = CALL_TIMEOUT_MS, signal } = options;
    const started = performance.now();
    const transaction = new EdnMap([
      [TX_DATA, txData],
      ...(txMeta === undefined ? [] : ([[TX_META, txMeta]] as const)),
    ]);
    const report = readTxReport(
      await this.dispatch("transact!", [transaction], { timeoutMs, signal }),
    );
    const leftMs = timeoutMs - (performance.now() - started);
    await this.awaitTx(report.maxTx, { timeoutMs: Math.max(0, leftMs), signal });
    return report;
  }

  /**
   * Has the server do something with the database: `transact!`, `load-entities`, `gc-storage!`, `merge!`
   * and what else its version has. Resolves to what it answers.
   *
   * @throws as `RemotePeer.invoke`.
   */
  async dispatch(op: string, args: readonly Edn[], options?: CallOptions): Promise<Edn> {
    const { remote, to } = this.#options;
    const id = randomUuid();
    this.#own.add(id);
    const call = new EdnMap([
      [OP, symbol(op)],
      [ARGS, args],
    ]);
    const request = new EdnMap([
      [STORE_ID, this.storeId],
      [ARG_MAP, call],
      [REQUEST_ID, id],
    ]);
    return remote.invoke(to, "datahike.kabel/dispatch", request, options);
  }

  /**
   * Resolves when the replica has seen a transaction; at once, where there is no replica.
   *
   * @throws {RemoteError} with `type` `:kabel.remote/timeout` when it has not in `timeoutMs`.
   * @throws {SyncError} As `Store.get`.
   */
  async awaitTx(maxTx: number, options: CallOptions = {}): Promise<void> {
    const { replica } = this.#options;
    if (replica === undefined) return;
    const { timeoutMs = CALL_TIMEOUT_MS, signal } = options;
    const branch = identity(this.#branch);
    const wait = { timeoutMs, signal, lateError: () => unseen(maxTx) };
    await waitFor<void>(wait, (resolve, reject) => {
      const look = () => {
        replica.get(this.#branch).then((head) => {
          if ((maxTxOf(head) ?? -1) >= maxTx) resolve();
        }, reject);
      };
      // Before the first look, so that nothing falls between.
      const off = replica.onCommit(({ operations }) => {
        if (operations.some(({ key }) => identity(key) === branch)) look();
      });
      look();
      return off;
    });
  }

  /**
   * Tells of every transaction that the server makes, on every line of the link, but not of those made
   * while there was none. Returns the function that ends it.
   */
  onTxReport(listener: ReportListener): () => void {
    const { to } = this.#options;
    const link = to instanceof Connection ? linkOf(to) : to;
    this.#reports ??= new ReportFeed(link, this.storeId, this.#own);
    return this.#reports.add(listener);
  }

  /** Ends the reports; the line stays open. */
  async close(): Promise<void> {
    this.#reports?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const OP: Keyword = keyword("op");
const ARGS: Keyword = keyword("args");
const ARG_MAP: Keyword = keyword("arg-map");
const STORE_ID: Keyword = keyword("store-id");
const REQUEST_ID: Keyword = keyword("request-id");
const TX_DATA: Keyword = keyword("tx-data");
const TX_META: Keyword = keyword("tx-meta");

function unseen(maxTx: number): RemoteError {
  return new RemoteError(
    "the server has made the transaction, and the replica has not seen it in time",
    {
      type: REMOTE_FAILURES.timeout,
      details: { maxTx },
    },
  );
}
