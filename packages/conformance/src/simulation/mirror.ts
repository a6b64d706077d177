/** A store as its commits have made it, in memory, to be looked at while time stands still. */
import { type FeedOperation, isEncoded, type Store } from "@datahike-sync/core";
import type { Edn, Uuid } from "@datahike-sync/edn";
import { type Content, contentText, isNodeKey, keyText, toContent } from "./content.ts";

/** An entry. */
export interface Held {
  readonly key: Edn;
  readonly content: Content;
  /** The text of the store id whose subscription brought it; absent for local ones. */
  readonly origin: string | undefined;
}

/** A cell as it is shown. */
export interface Shown {
  readonly level: number;
  /** Of itself. */
  readonly own: string;
  /** Of it and of everything that it reaches. */
  readonly text: string;
}

export class Mirror {
  #entries = new Map<string, Held>();

  get entries(): ReadonlyMap<string, Held> {
    return this.#entries;
  }

  /**
   * Applies a commit.
   *
   * @returns What was wrong with it, if anything.
   */
  apply(operations: readonly FeedOperation[], by: Uuid | undefined): string | undefined {
    let wrong: string | undefined;
    const origin = by?.toString();
    for (const operation of operations) {
      const name = keyText(operation.key);
      const held = this.#entries.get(name);
      if (origin !== undefined && held !== undefined && held.origin !== origin) {
        wrong = `${name}, which is not of ${origin}, was changed by it`;
      }
      if (operation.op === "delete") this.#entries.delete(name);
      else {
        const value = isEncoded(operation.value) ? operation.value.decode() : operation.value;
        this.#entries.set(name, { key: operation.key, content: toContent(value), origin });
      }
    }
    return wrong;
  }

  /** Reads everything anew: after a crash nobody knows what is there. */
  async load(store: Store): Promise<void> {
    const entries = new Map<string, Held>();
    for await (const { key, origin } of store.keys()) {
      const value = await store.get(key);
      if (value === undefined) continue;
      entries.set(keyText(key), { key, content: toContent(value), origin: origin?.toString() });
    }
    this.#entries = entries;
  }

  /** The cells, in the order of their keys. */
  shown(isOf: (held: Held) => boolean = () => true): Map<string, Shown> {
    const shown = new Map<string, Shown>();
    for (const name of [...this.#entries.keys()].sort()) {
      const held = this.#entries.get(name) as Held;
      if (isNodeKey(held.key) || !isOf(held)) continue;
      const { content } = held;
      const level = content.level ?? 0;
      shown.set(name, { level, own: contentText(content), text: this.#deepText(content) });
    }
    return shown;
  }

  /** Keys of the nodes that cells reach and that are there. */
  reached(isOf: (held: Held) => boolean = () => true): Set<string> {
    const found = new Set<string>();
    const visit = (key: string): void => {
      const held = this.#entries.get(key);
      if (held === undefined || found.has(key)) return;
      found.add(key);
      held.content.kids.forEach(visit);
    };
    for (const held of this.#entries.values()) {
      if (!isNodeKey(held.key) && isOf(held)) held.content.kids.forEach(visit);
    }
    return found;
  }

  /** Keys of the nodes by which the values of cells are found again. */
  records(isOf: (held: Held) => boolean = () => true): Set<string> {
    const records = new Set<string>();
    for (const held of this.#entries.values()) {
      const { record } = held.content;
      if (!isNodeKey(held.key) && isOf(held) && record !== undefined) records.add(record);
    }
    return records;
  }

  /** Whether a node and everything below it are there. */
  isWhole(key: string, above: readonly string[] = []): boolean {
    const held = this.#entries.get(key);
    if (held === undefined || above.includes(key)) return false;
    return held.content.kids.every((kid) => this.isWhole(kid, [...above, key]));
  }

  /** `above`: keys that lead here. Where keys are used again, what is half there may lead back to them. */
  #deepText(content: Content, above: readonly string[] = []): string {
    let text = contentText(content);
    for (const kid of content.kids) {
      const held = this.#entries.get(kid);
      if (held === undefined) text += `(${kid} MISSING)`;
      else if (above.includes(kid)) text += `(${kid} AGAIN)`;
      else text += `(${kid} ${this.#deepText(held.content, [...above, kid])})`;
    }
    return text;
  }
}
