/** A line under test, from the side that the case begins at. */
import type { Transport, TransportClose, TransportLimits } from "@datahike-sync/core";
import { check, sameBytes } from "../check.ts";
import { within } from "../patience.ts";

/** Two connected ends, as an adapter's tests open them. */
export interface OpenLine {
  readonly ends: readonly [Transport, Transport];
  /** Cuts the line, so that neither end has closed it: destroys the socket, ends the process. */
  break(): void;
  /** Frees what the ends do not, such as a server. Called once, after both ends were closed. */
  dispose?(): Promise<void>;
}

/** What the cases of the transport suite are given. */
export interface LineContext {
  /** A fresh line. It is closed after the case. */
  readonly open: (limits?: Partial<TransportLimits>) => Promise<Line>;
  readonly timeoutMs: number;
  readonly seed: number | undefined;
  readonly runs: number;
}

/** A line with its ends called after where the case stands. */
export interface Line {
  readonly near: Side;
  readonly far: Side;
  break(): void;
}

/** One end, and what it was told. */
export class Side {
  readonly transport: Transport;
  /** What came while this side listened. */
  readonly messages: Uint8Array[] = [];
  /** How the line ended, once for each time that this was told. */
  readonly closes: TransportClose[] = [];
  readonly #timeoutMs: number;
  readonly #name: string;
  #wake: (() => void) | undefined;

  constructor(transport: Transport, name: string, timeoutMs: number) {
    this.transport = transport;
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    transport.onClose((close) => {
      this.closes.push(close);
      this.#wake?.();
    });
  }

  /** Takes messages from now on, into `messages`. Returns the stop function. */
  listen(): () => void {
    return this.transport.onMessage((message) => {
      this.messages.push(message);
      this.#wake?.();
    });
  }

  /** Sends, and waits for room. */
  send(head: Uint8Array, body?: Uint8Array): Promise<void> {
    const sent = this.transport.send(head, body);
    return within(sent, this.#timeoutMs, `the ${this.#name}'s send did not resolve`);
  }

  /** Waits until so many messages have come, and checks that they are these, in this order. */
  async received(expected: readonly Uint8Array[]): Promise<void> {
    const enough = () => this.messages.length >= expected.length || this.closes.length > 0;
    const count = () => `${this.messages.length} of ${expected.length}`;
    await this.#until(enough, () => `${count()} messages arrived at the ${this.#name}`);
    for (const [index, message] of expected.entries()) {
      const actual = this.messages[index];
      check(actual !== undefined, () => `the ${this.#name} was closed after ${count()} messages`);
      check(
        sameBytes(actual, message),
        () =>
          `message ${index} at the ${this.#name} is not the one sent ${difference(actual, message)}`,
      );
    }
    const surplus = this.messages.length - expected.length;
    check(surplus === 0, () => `${surplus} more messages came to the ${this.#name} than were sent`);
  }

  /** Waits until this side is told how the line ended. */
  async closed(): Promise<TransportClose> {
    await this.#until(() => this.closes.length > 0, `the ${this.#name} was not told of the end`);
    const [close = {}] = this.closes;
    check(this.transport.state === "closed", `the ${this.#name} was told of the end while open`);
    return close;
  }

  /** Closes and waits for it. */
  close(code?: string, reason?: string): Promise<void> {
    const closed = this.transport.close(code, reason);
    return within(closed, this.#timeoutMs, `the ${this.#name}'s close did not resolve`);
  }

  async #until(isDone: () => boolean, what: string | (() => string)): Promise<void> {
    const wait = async () => {
      while (!isDone()) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    await within(wait(), this.#timeoutMs, what);
  }
}

/** Closes the ends that a case was given, and frees the rest. */
export async function closeLine(line: OpenLine, timeoutMs: number): Promise<void> {
  const closed = Promise.all(line.ends.map((end) => end.close()));
  await within(closed, timeoutMs, "the ends of a line were not closed after the case");
  await line.dispose?.();
}

/** Bytes that differ with their length and with `mark`. */
export function bytesOf(length: number, mark = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) * 7 + length + mark * 101;
  return bytes;
}

/** One array after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function difference(actual: Uint8Array, expected: Uint8Array): string {
  if (actual.length !== expected.length) {
    return `(${actual.length} bytes instead of ${expected.length})`;
  }
  return `(from byte ${actual.findIndex((byte, i) => byte !== expected[i])} on)`;
}
