/** A process of this app, which says in JSON lines what it does. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** One thing that it said. */
export type Said = Readonly<Record<string, unknown>> & { readonly event: string };

export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #said: Said[] = [];
  readonly #waiting = new Set<() => void>();
  #complaint = "";
  #hasEnded = false;
  /** With what: its code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;

  constructor(program: URL, args: readonly string[]) {
    this.#process = spawn(process.execPath, [fileURLToPath(program), ...args]);
    this.#process.stderr.on("data", (data: Buffer) => {
      this.#complaint += data.toString();
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      // `as`: the programs of this app write nothing else.
      this.#said.push(JSON.parse(line) as Said);
      this.#look();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", (code, signal) => {
        this.#hasEnded = true;
        this.#look();
        resolve(code ?? signal ?? 0);
      });
    });
  }

  /** What it said so far. */
  get said(): readonly Said[] {
    return this.#said;
  }

  /** What it wrote to its standard error. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Resolves to the first such thing that it says, or has said. Rejects when it ends without. */
  async says(event: string, isIt: (said: Said) => boolean = () => true): Promise<Said> {
    for (;;) {
      const found = this.#said.find((said) => said.event === event && isIt(said));
      if (found !== undefined) return found;
      if (this.#hasEnded) {
        const said = this.#said.map((one) => JSON.stringify(one)).join("\n");
        throw new Error(`it has ended and never said ${event}:\n${said}\n${this.#complaint}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Gives it a line to read. */
  write(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends its input. */
  end(): void {
    this.#process.stdin.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #look(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
