/** The service as a process, and what its status port tells. */
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.ts";

export interface Status {
  readonly ready: boolean;
  readonly phase: string;
  /** Commits of the primary that the replica has; through a relay, too. */
  readonly seq: number;
  /** How many entries came since the process began. */
  readonly received: number;
}

/** By their names, without the dashes. */
export type Flags = Readonly<Record<string, string | number>>;

export class Service {
  readonly child: Child;
  /** Where further replicas dial. */
  readonly lines: string;
  readonly #status: string;

  private constructor(child: Child, lines: string, status: string) {
    this.child = child;
    this.lines = lines;
    this.#status = status;
  }

  /** Resolves when it has its folder and its ports. */
  static async start(program: URL, flags: Flags): Promise<Service> {
    const child = new Child(program, argumentsOf(flags));
    const { lines, status } = await child.tells("started");
    return new Service(child, String(lines), String(status));
  }

  /** The port at which further replicas dial. */
  get port(): number {
    return Number(new URL(this.lines).port);
  }

  async status(): Promise<Status> {
    const health = await (await this.get("/ready")).json();
    const metrics = await (await this.get("/metrics")).text();
    const [, received] = /^datahike_sync_received_operations_total (\d+)$/m.exec(metrics) ?? [];
    const { ready, phase, cursor } = health;
    return { ready, phase, seq: (cursor?.origin ?? cursor)?.seq ?? 0, received: Number(received) };
  }

  get(path: string, options?: RequestInit): Promise<Response> {
    return fetch(`${this.#status}${path}`, options);
  }

  /** Resolves when it is ready and has that commit of the primary. */
  async has(seq: number): Promise<Status> {
    for (;;) {
      const status = await this.status();
      if (status.ready && status.seq >= seq) return status;
      await sleep(POLL_MS);
    }
  }

  /** Resolves to how it ended. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    return this.child.end(signal);
  }
}

/** Ports are any that are free, and nobody is waited for at the end, unless flags say otherwise. */
export function argumentsOf(flags: Flags): string[] {
  const all = { port: 0, "status-port": 0, "drain-ms": 0, ...flags };
  return Object.entries(all).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
}

const POLL_MS = 20;
