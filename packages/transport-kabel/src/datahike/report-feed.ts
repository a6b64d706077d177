/** The topic on which a Datahike server tells of transactions. */

import { Listeners } from "@datahike-sync/core/store-parts";
import {
  type Edn,
  EdnMap,
  isSyncError,
  type Keyword,
  keyword,
  type SyncError,
  type Uuid,
} from "@datahike-sync/edn";
import type { Connection } from "../connection.ts";
import type { Link } from "../link.ts";
import { PUBSUB_DIALECT } from "../pubsub-dialect.ts";
import type { TopicSubscription } from "../topics.ts";
import type { OwnTransactions } from "./own-transactions.ts";
import { readTxReport, type TxReport } from "./tx-report.ts";

/** A transaction, whoever asked for it. */
export interface ReportEvent {
  readonly report: TxReport;
  /** Whether this database has sent it. */
  readonly isOwn: boolean;
}

export interface ReportListener {
  readonly onReport: (event: ReportEvent) => void;
  /** The server refused the topic, or what it told is no report. */
  readonly onError?: ((error: SyncError) => void) | undefined;
}

export class ReportFeed {
  readonly #topic: Edn;
  readonly #own: OwnTransactions;
  readonly #reports = new Listeners<ReportEvent>();
  readonly #errors = new Listeners<SyncError>();
  readonly #stop: () => void;
  #subscription: TopicSubscription | undefined;

  constructor(link: Link, storeId: Uuid, own: OwnTransactions) {
    this.#topic = txReportTopic(storeId);
    this.#own = own;
    this.#stop = link.on((event) => {
      if (event.type === "up") this.#begin(event.connection);
      else this.#subscription = undefined;
    });
  }

  add({ onReport, onError }: ReportListener): () => void {
    const offs = [this.#reports.add(onReport)];
    if (onError !== undefined) offs.push(this.#errors.add(onError));
    return () => {
      for (const off of offs) off();
    };
  }

  close(): void {
    this.#stop();
    this.#subscription?.end();
  }

  #begin(connection: Connection): void {
    const tell = (error: SyncError) => this.#errors.tell(error);
    const subscription = connection.topics(PUBSUB_DIALECT).open(this.#topic, {
      onItem: () => undefined,
      onBatch: (batch) => void subscription.ack(batch).catch(() => undefined),
      onComplete: () => undefined,
      onSubscribed: () => undefined,
      onPublish: (payload) => this.#take(payload),
      onRefused: tell,
      onPublishRefused: tell,
    });
    this.#subscription = subscription;
    // The end of the line tells what there is to tell.
    subscription.subscribe(null).catch(() => undefined);
  }

  #take(payload: Edn): void {
    try {
      const fields = payload instanceof EdnMap ? payload : new EdnMap();
      const report = readTxReport(fields.get(TX_REPORT) ?? null);
      const id = fields.get(REQUEST_ID) ?? null;
      this.#reports.tell({ report, isOwn: id !== null && this.#own.take(id) });
    } catch (error) {
      if (!isSyncError(error)) throw error;
      this.#errors.tell(error);
    }
  }
}

const TX_REPORT: Keyword = keyword("tx-report");
const REQUEST_ID: Keyword = keyword("request-id");

/** What the topic of a database's transactions is called: a keyword, of which the name begins with `scope-`. */
export function txReportTopic(storeId: Uuid): Keyword {
  return keyword("tx-report", `scope-${String(storeId)}`);
}
