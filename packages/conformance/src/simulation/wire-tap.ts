/** Reads every message that is sent: for the trace, for what a run has met, for those who check it. */
import { decodeFrame, type Message, readBody, type WireOperation } from "@datahike-sync/core";
import { keyText } from "./content.ts";
import type { Coverage } from "./coverage.ts";
import type { WorldEnd, WorldLine } from "./line.ts";
import type { NetworkTap } from "./network.ts";
import { TEXT_CODEC } from "./text-codec.ts";
import type { WireCheck } from "./wire-check.ts";

/** A line that is to be cut when a message of some type is sent on it. */
export interface Ambush {
  readonly type: Message["type"];
  /** How many of that type go through before. */
  left: number;
  cut(line: WorldLine): void;
}

export interface WireTapOptions {
  readonly coverage: Coverage;
  readonly check: WireCheck;
  readonly say: (text: string) => void;
}

export class WireTap implements NetworkTap {
  readonly #options: WireTapOptions;
  readonly #texts = new WeakMap<Uint8Array, string>();
  #ambushes: Ambush[] = [];

  constructor(options: WireTapOptions) {
    this.#options = options;
  }

  /** Cuts the line on which the next such message is sent. */
  lay(ambush: Ambush): void {
    this.#ambushes.push(ambush);
  }

  /** Forgets all ambushes. */
  clear(): void {
    this.#ambushes = [];
  }

  onSent(end: WorldEnd, frame: Uint8Array): void {
    const sender = end.side === "server" ? "primary" : "replica";
    const { message, body } = decodeFrame(frame, TEXT_CODEC, sender);
    const operations = message.type === "batch" ? [...readBody(body, TEXT_CODEC)] : [];
    this.#texts.set(frame, textOf(message, operations));
    this.#count(message, operations);
    this.#options.check.onSent(end, message, body.length, operations);
    this.#spring(end.line, message.type);
  }

  onTaken(end: WorldEnd, frame: Uint8Array, isLate: boolean): void {
    const { coverage, say } = this.#options;
    if (isLate) coverage.count("fault: late frame");
    const arrow = end.side === "dialer" ? "<-" : "->";
    const text = this.#texts.get(frame) ?? "?";
    say(`${end.line.name} ${arrow} ${text}${isLate ? " (late)" : ""}`);
  }

  #count(message: Message, operations: readonly WireOperation[]): void {
    const { coverage } = this.#options;
    switch (message.type) {
      case "subscribed":
        coverage.count(`plan: ${message.plan}`);
        break;
      case "subscribe":
        if (message.have.position !== undefined) coverage.count("wire: position brought back");
        if (message.have.tokens !== undefined) coverage.count("wire: tokens brought back");
        break;
      case "offer":
        coverage.count(message.whole ? "wire: whole offer" : "wire: offer");
        break;
      case "resync":
        coverage.count(`wire: resync ${message.reason}`);
        break;
      case "reconcile":
        coverage.count("wire: ranges");
        break;
      case "error":
        coverage.count(`wire: error ${message.code}`);
        break;
      case "batch":
        if (message.mode !== undefined) coverage.count(`wire: ${message.mode}`);
        if (operations.some(({ op }) => op === "part")) coverage.count("wire: part");
        if (operations.some(({ op }) => op === "delete")) coverage.count("wire: delete");
        if (operations.some(({ op }) => op === "deleteNode")) coverage.count("wire: node delete");
        if (message.to !== undefined && message.count === undefined)
          coverage.count("wire: live step");
        if (message.to !== undefined && message.count !== undefined) coverage.count("wire: cut");
        if (message.to?.origin !== undefined) coverage.count("wire: origin");
        break;
      default:
    }
  }

  #spring(line: WorldLine, type: Message["type"]): void {
    for (const ambush of this.#ambushes) {
      if (ambush.type !== type || ambush.left-- > 0) continue;
      this.#ambushes = this.#ambushes.filter((other) => other !== ambush);
      ambush.cut(line);
    }
  }
}

function textOf(message: Message, operations: readonly WireOperation[]): string {
  switch (message.type) {
    case "subscribe": {
      const { cursor, position, tokens, selection } = message.have;
      const have = [
        cursor && `cursor ${cursor.seq}`,
        selection && "selection",
        tokens && "tokens",
        position && "position",
      ].filter((word) => word !== undefined);
      return `subscribe ${message.id} (${have.join(", ")})`;
    }
    case "subscribed":
      return `subscribed ${message.id} ${message.plan}, last ${message.last}`;
    case "batch": {
      const { batch, from, to, mode, position } = message;
      const step = to === undefined ? "" : ` (${from?.seq ?? ""} to ${to.seq})`;
      const words = `${mode === undefined ? "" : ` ${mode}`}${position === undefined ? "" : " p"}`;
      return `batch ${message.id}.${batch}${words}${step}: ${operations.map(operationText).join(" ")}`;
    }
    case "offer":
      return `offer ${message.id}.${message.batch}${message.whole ? " whole" : ""}: ${message.keys.map(keyText).join(" ")}`;
    case "need":
      return `need ${message.id}: ${message.keys.map(keyText).join(" ")}`;
    case "ack":
      return `ack ${message.id}.${message.batch}`;
    case "complete":
      return `complete ${message.id} ${message.cursor.seq}`;
    case "resync":
      return `resync ${message.id} ${message.reason}`;
    case "error":
      return `error ${message.id ?? ""} ${message.code}`;
    case "unsubscribe":
    case "reconcile":
      return `${message.type} ${message.id}`;
    default:
      return message.type;
  }
}

function operationText(operation: WireOperation): string {
  const key = keyText(operation.key);
  switch (operation.op) {
    case "delete":
    case "deleteNode":
      return `-${key}`;
    case "part":
      return `${key}@${operation.offset}`;
    default:
      return key;
  }
}
