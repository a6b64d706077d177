/** Cells and deletes that wait until what they reach is here. */
import type { Operation, Walker } from "@datahike-sync/core";
import { type Edn, identity } from "@datahike-sync/edn";

interface KeptCell {
  readonly operation: Operation;
  readonly bytes: number;
}

export class KeptBack {
  readonly #cells = new Map<string, KeptCell>();
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#cells.size === 0;
  }

  /** Of the frames that brought it. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Keeps an operation in place of whatever was kept for its key. */
  put(operation: Operation, bytes: number): void {
    const id = identity(operation.key);
    this.#drop(id);
    this.#cells.set(id, { operation, bytes });
    this.#bytes += bytes;
  }

  /** What is kept for a key, if anything. */
  get(key: Edn): Operation | undefined {
    return this.#cells.get(identity(key))?.operation;
  }

  /**
   * All of it in the order in which it may show: plain cells, heads, what names the heads, deletes.
   * For a store whose commits can be cut short, none of these shows what is not there.
   */
  operations(walker: Walker | undefined): Operation[] {
    const operations = Array.from(this.#cells.values(), ({ operation }) => operation);
    if (walker === undefined) return operations;
    const ranked = operations.map((operation) => ({ operation, rank: rankOf(operation, walker) }));
    return ranked.sort((a, b) => a.rank - b.rank).map(({ operation }) => operation);
  }

  /** Takes out what is no pointer: what may show before the others. */
  takePlain(walker: Walker | undefined): Operation[] {
    const taken: Operation[] = [];
    for (const [id, { operation }] of this.#cells) {
      if (walker?.classify(operation.key) === "pointer") continue;
      taken.push(operation);
      this.#drop(id);
    }
    return taken;
  }

  /** Forgets what is kept for a key. */
  forget(key: Edn): void {
    this.#drop(identity(key));
  }

  /** Forgets all but deletes, of which no handshake tells. */
  keepDeletes(): void {
    for (const [id, { operation }] of this.#cells) if (operation.op === "set") this.#drop(id);
  }

  clear(): void {
    this.#cells.clear();
    this.#bytes = 0;
  }

  #drop(id: string): void {
    const cell = this.#cells.get(id);
    if (cell === undefined) return;
    this.#cells.delete(id);
    this.#bytes -= cell.bytes;
  }
}

function rankOf(operation: Operation, walker: Walker): number {
  if (operation.op === "delete") return 3;
  if (walker.classify(operation.key) !== "pointer") return 0;
  // `as`: what is kept back came decoded.
  return walker.children(operation.value as Edn).some((key) => walker.classify(key) === "pointer")
    ? 2
    : 1;
}
