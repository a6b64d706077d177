import { Float, formatDouble } from "@datahike-sync/edn";
import type { Output } from "./output.ts";
import type { Sink } from "./token.ts";

const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Writes JSON without blanks, in the bytes of the JVM. Maps are arrays that begin with a mark. */
export class JsonSink implements Sink {
  readonly hasStringKeys = true;
  readonly #out: Output;
  /** Whether something is in front, in the same array. */
  #follows = false;

  constructor(output: Output) {
    this.#out = output;
  }

  get length(): number {
    return this.#out.length;
  }

  nil(): void {
    this.#word("null");
  }

  boolean(value: boolean): void {
    this.#word(value ? "true" : "false");
  }

  integer(value: number | bigint): void {
    this.#word(value.toString());
  }

  double(value: number): void {
    this.#word(formatDouble(value));
  }

  float(value: number): void {
    this.#word(new Float(value).toString());
  }

  string(text: string): void {
    this.#separate();
    this.#out.quoted(text);
    this.#follows = true;
  }

  beginArray(): void {
    this.#separate();
    this.#out.byte(OPEN_ARRAY);
    this.#follows = false;
  }

  beginMap(): void {
    this.beginArray();
    this.string("^ ");
  }

  end(): void {
    this.#out.byte(CLOSE_ARRAY);
    this.#follows = true;
  }

  /** Writes ASCII as it is. */
  #word(text: string): void {
    this.#separate();
    this.#out.text(text, text.length);
    this.#follows = true;
  }

  #separate(): void {
    if (this.#follows) this.#out.byte(COMMA);
  }
}
