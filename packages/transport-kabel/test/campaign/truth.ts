/** What somebody shows, and what he ever showed under each key. */
import { type Edn, identity } from "@datahike-sync/edn";

export class Truth {
  /** By identity: what is shown now. */
  readonly entries: Map<string, readonly [key: Edn, value: Edn]> = new Map();
  /** By identity: everything that was ever there in order; `undefined` for nothing. */
  readonly #past = new Map<string, (string | undefined)[]>();

  get(key: Edn): Edn | undefined {
    return this.entries.get(identity(key))?.[1];
  }

  put(key: Edn, value: Edn | undefined): void {
    const id = identity(key);
    if (value === undefined) this.entries.delete(id);
    else this.entries.set(id, [key, value]);
    const past = this.#past.get(id) ?? [undefined];
    const text = value === undefined ? undefined : identity(value);
    if (past.at(-1) !== text) past.push(text);
    this.#past.set(id, past);
  }

  /** The first place at or behind `from` at which a key had this value, if any. */
  placeOf(id: string, value: string | undefined, from = 0): number | undefined {
    const place = (this.#past.get(id) ?? [undefined]).indexOf(value, from);
    return place < 0 ? undefined : place;
  }
}
