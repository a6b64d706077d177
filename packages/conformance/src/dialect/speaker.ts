/** One side of a line on which a dialect is spoken, and what it was told. */
import type {
  Agreement,
  Dialect,
  Line,
  LineOptions,
  Message,
  Transport,
  TransportClose,
} from "@datahike-sync/core";
import { check, checkError, describe, sameBytes } from "../check.ts";
import { checkSame } from "../codec/value-checks.ts";
import { within } from "../patience.ts";
import type { SideOptions } from "./context.ts";
import { headOf, type Said, textOf } from "./messages.ts";
import { Tap } from "./tap.ts";

export class Speaker {
  readonly name: string;
  readonly options: LineOptions;
  readonly tap: Tap;
  readonly line: Line;
  /** Calls of the listener, in their order. */
  readonly told: ("agreement" | "message" | "end")[] = [];
  /** What was told before the line was there. */
  readonly toldInOpen: number;
  readonly agreements: Agreement[] = [];
  readonly heard: Said[] = [];
  readonly closes: TransportClose[] = [];
  /** Called with the number of messages so far. What it throws, the line's listener throws. */
  onHeard: (count: number) => void = () => {};
  readonly #timeoutMs: number;
  #wake: () => void = () => {};

  constructor(
    name: string,
    dialect: Dialect,
    transport: Transport,
    { onAgreed, ...options }: LineOptions & SideOptions,
    timeoutMs: number,
  ) {
    this.name = name;
    this.options = options;
    this.#timeoutMs = timeoutMs;
    this.tap = new Tap(transport);
    this.line = dialect.open(this.tap, options, {
      onAgreed: (agreement) => {
        this.agreements.push(agreement);
        this.#note("agreement");
        onAgreed?.();
      },
      onMessage: (message, body) => {
        this.heard.push({ message, body });
        this.#note("message");
        this.onHeard(this.heard.length);
      },
      onClose: (close) => {
        this.closes.push(close);
        this.#note("end");
      },
    });
    this.toldInOpen = this.told.length;
  }

  /** Says these one behind the other, each when there is room for it. */
  async say(...all: readonly Said[]): Promise<void> {
    for (const { message, body } of all) {
      const sent = this.line.send(message, body);
      await within(sent, this.#timeoutMs, `the ${this.name}'s send did not resolve`);
    }
  }

  /** Waits for the agreement. */
  async agreed(): Promise<Agreement> {
    await this.#until(() => this.agreements.length > 0, "was not told of the agreement");
    const [agreement] = this.agreements;
    if (agreement === undefined) throw new Error(`the ${this.name} was told of the end first`);
    return agreement;
  }

  /** Waits until so many messages have come, and checks that they are these, in this order. */
  async hears(all: readonly Said[]): Promise<void> {
    const count = () => `heard ${this.heard.length} of ${all.length} messages`;
    await this.#until(() => this.heard.length >= all.length, count);
    this.checkHeard(all);
    const { length } = this.heard;
    check(length === all.length, () => {
      const [error] = this.closes.map((close) => describe(close.error));
      const end = error === undefined ? "" : `, and was told of the end with ${error}`;
      return `the ${this.name} heard ${length} messages, not the ${all.length} that were said${end}`;
    });
  }

  /** Checks that what was heard is what was said, as far as it was heard. */
  checkHeard(said: readonly Said[]): void {
    for (const [index, actual] of this.heard.entries()) {
      const expected = said[index];
      const what = `message ${index} at the ${this.name}`;
      check(expected !== undefined, () => `${what}, a ${actual.message.type}, was never said`);
      checkMessage(actual.message, expected.message, what);
      const body = expected.body ?? new Uint8Array(0);
      check(
        actual.body !== undefined && sameBytes(actual.body, body),
        () => `the body of ${what} is not the one that was given`,
      );
    }
  }

  /** Waits until this side is told how the line ended. */
  async ends(): Promise<TransportClose> {
    await this.#until(() => false, "was not told of the end");
    const [close = {}] = this.closes;
    check(this.line.isClosed, `the ${this.name}'s line has ended and is not closed`);
    return close;
  }

  /** Waits for the end, which has to be told as an error with one of these codes. */
  async endsWith(...codes: readonly string[]): Promise<TransportClose> {
    const close = await this.ends();
    checkError(close.error, codes, `the ${this.name} was told of the end with`);
    return close;
  }

  /** Waits until a message like this one was heard, or the end. */
  async hearsOrEnds(message: Message): Promise<void> {
    const text = textOf(message);
    const isLast = () => this.heard.some((said) => textOf(said.message) === text);
    await this.#until(isLast, "did nothing with what came");
  }

  /** Closes and waits for it. */
  close(code?: string, reason?: string): Promise<void> {
    const closed = this.line.close(code, reason);
    return within(closed, this.#timeoutMs, `the ${this.name}'s close did not resolve`);
  }

  /** Waits for something, or for the end. */
  async #until(isDone: () => boolean, what: string | (() => string)): Promise<void> {
    const wait = async () => {
      while (!isDone() && this.closes.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    const text = () => `the ${this.name} ${typeof what === "string" ? what : what()}`;
    await within(wait(), this.#timeoutMs, text);
  }

  #note(what: "agreement" | "message" | "end"): void {
    this.told.push(what);
    this.#wake();
  }
}

function checkMessage(actual: Message, expected: Message, what: string): void {
  const { type } = expected;
  check(actual.type === type, () => `${what} is of type ${actual.type}, not ${type}`);
  const head = headOf(type);
  checkSame(EXACT, head.write(actual), head.write(expected), `${what}, of type ${type},`);
}

const EXACT = { mergesZeros: false };
