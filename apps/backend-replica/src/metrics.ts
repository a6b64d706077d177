/** The state of the service in the text format of Prometheus, version 0.0.4. */
import type { ContextStats, SubscriptionStats, SyncStatus } from "@datahike-sync/core";

export interface Measured {
  readonly status: SyncStatus;
  readonly ready: boolean;
  readonly subscription: SubscriptionStats;
  readonly context: ContextStats;
  /** How often something went wrong, by the error's code. */
  readonly errors: ReadonlyMap<string, number>;
  /** When the last step was durable here, in milliseconds since the epoch. */
  readonly lastStepAt: number | undefined;
  /** When the process began, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly residentBytes: number;
}

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function formatMetrics(measured: Measured): string {
  const { status, ready, subscription, context, errors, lastStepAt } = measured;
  const { phase, consistent, lag, cursor, skipped } = status;
  return [
    gauge("ready", "Whether others may be sent here.", Number(ready)),
    family(
      "gauge",
      "phase",
      "1 for the phase of the subscription.",
      labelled("phase", PHASES, phase),
    ),
    gauge("consistent", "Whether what is here is a state of the primary.", Number(consistent)),
    gauge("lag_commits", "Commits of the primary that are not here, as far as is known.", lag),
    gauge("cursor_seq", "The commit of the primary that this replica stands at.", cursor?.seq ?? 0),
    gauge("skipped_entries", "Entries that sync did not touch, as they are local.", skipped),
    gauge("last_step_timestamp_seconds", "When a step was last durable here.", seconds(lastStepAt)),
    counter("received_batches", "Batches that came.", subscription.batches),
    counter("received_operations", "Operations that came.", subscription.operations),
    counter("received_bytes", "Bytes of operations that came.", subscription.bytes),
    counter("steps", "Steps that were applied.", subscription.steps),
    counter("commits", "Commits made for steps.", subscription.commits),
    counter("resyncs", "Steps that began anew.", subscription.resyncs),
    counter("reconnects", "Lines that were lost.", subscription.reconnects),
    family("counter", "errors_total", "What went wrong, by code.", errorRows(errors)),
    gauge("relay_lines", "Lines of further replicas.", context.lines),
    gauge("relay_subscribers", "Subscriptions of further replicas.", context.subscribers),
    gauge("relay_catching_up", "Of them, those that catch up.", context.catchingUp),
    counter("relay_encoded_bodies", "Bodies that were encoded.", context.encodedBodies),
    counter("relay_sent_bytes", "Bytes sent to further replicas.", context.sentBytes),
    plainGauge("process_start_time_seconds", "When it began.", measured.startedAt / 1000),
    plainGauge("process_resident_memory_bytes", "Its memory.", measured.residentBytes),
  ].join("");
}

const PREFIX = "datahike_sync_";

const PHASES: readonly SyncStatus["phase"][] = [
  "connecting",
  "syncing",
  "live",
  "offline",
  "failed",
  "closed",
];

function gauge(name: string, help: string, value: number): string {
  return plainGauge(`${PREFIX}${name}`, help, value);
}

function counter(name: string, help: string, value: number): string {
  return family("counter", `${name}_total`, help, [["", value]]);
}

function family(
  type: "gauge" | "counter",
  name: string,
  help: string,
  rows: readonly Row[],
): string {
  return familyOf(type, `${PREFIX}${name}`, help, rows);
}

/** One whose name every process has. */
function plainGauge(name: string, help: string, value: number): string {
  return familyOf("gauge", name, help, [["", value]]);
}

/** Labels in braces, and a value. */
type Row = readonly [labels: string, value: number];

function familyOf(type: string, name: string, help: string, rows: readonly Row[]): string {
  const samples = rows.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join("")}`;
}

function labelled(name: string, values: readonly string[], current: string): Row[] {
  return values.map((value) => [`{${name}="${value}"}`, Number(value === current)]);
}

function errorRows(errors: ReadonlyMap<string, number>): Row[] {
  return Array.from(errors, ([code, count]) => [`{code="${code}"}`, count]);
}

/** 0, a time long ago, where there is none yet. */
function seconds(ms: number = 0): number {
  return ms / 1000;
}
