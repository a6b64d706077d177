/** The stage of one subscription, as the engine uses it. */
import type { Stage } from "@datahike-sync/core";
import type { Uuid } from "@datahike-sync/edn";
import type { Opener } from "./opener.ts";
import type { Work } from "./work.ts";

export class FileStage implements Stage {
  readonly #storeId: Uuid;
  readonly #opener: Opener;
  readonly #work: Work;

  constructor(storeId: Uuid, opener: Opener, work: Work) {
    this.#storeId = storeId;
    this.#opener = opener;
    this.#work = work;
  }

  append(records: readonly Uint8Array[]): Promise<void> {
    const { commits, stages } = this.#opener;
    const taken = records.map((record) => new Uint8Array(record));
    return this.#work.accept(() => commits.run(() => stages.append(this.#storeId, taken)));
  }

  async *read(): AsyncGenerator<Uint8Array, undefined> {
    const { stages } = this.#opener;
    for (let at = 0; ; ) {
      const found = await this.#work.run(() => stages.read(this.#storeId, at));
      if (found === undefined) return;
      yield found.record;
      at = found.next;
    }
  }

  clear(): Promise<void> {
    const { commits, stages } = this.#opener;
    return this.#work.accept(() => commits.run(() => stages.clear(this.#storeId)));
  }
}
