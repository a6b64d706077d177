/** A program in a process of its own, and the lines that it prints. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #waiting: Set<() => void> = new Set();
  #complaint = "";
  #hasEnded = false;
  /** With what: its code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;

  /** @param onLine Told of each line that it prints. */
  constructor(program: URL, args: readonly string[], onLine?: (line: string) => void) {
    this.#process = spawn(process.execPath, [fileURLToPath(program), ...args]);
    this.#process.stderr.on("data", (data: Buffer) => {
      this.#complaint += data.toString();
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.#lines.push(line);
      onLine?.(line);
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

  /** What it wrote to its standard error. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Resolves to the first of these that there is, or will be. Rejects when it ends without; `what` says of what. */
  async first<T extends {}>(what: string, find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#hasEnded) {
        const said = [...this.#lines, this.#complaint].join("\n");
        throw new Error(`it has ended and never said "${what}":\n${said}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves to the first line that it prints, or has printed, which begins so. Rejects when it ends without. */
  says(start: string): Promise<string> {
    return this.first(start, () => this.#lines.find((line) => line.startsWith(start)));
  }

  /** Gives it a line to read. */
  write(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends its input. */
  endInput(): void {
    this.#process.stdin.end();
  }

  /** Sends it a signal to end. Resolves to how it ended. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.#process.kill(signal);
    return this.ended;
  }

  #look(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
