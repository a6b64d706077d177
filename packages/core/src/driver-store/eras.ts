/** The histories that a store has had. */

import type { Era } from "../feed.ts";
import type { DriverOperation } from "../store-driver.ts";
import { ERAS_KEY } from "./driver-keys.ts";
import type { Header, RowFormat } from "./row-format.ts";

/** A header and the rows that go with it. */
export interface Next<Row> {
  readonly header: Header;
  readonly rows: readonly DriverOperation<Row>[];
}

/** Begins a new era behind everything that is there. `known` is absent in a map without a store. */
export function beginEra<Row>(
  known: { readonly header: Header; readonly eras: readonly Era[] } | undefined,
  format: RowFormat<Row>,
): Next<Row> {
  const header = known?.header ?? { era: "", last: 0, floor: 0, clock: 0, writes: 0 };
  const era = Object.freeze({ id: randomId(), after: header.last });
  const eras = remembered([...(known?.eras ?? []), era], header.floor);
  return {
    header: { ...header, era: era.id, writes: header.writes + 1 },
    rows: [{ key: ERAS_KEY, row: format.eras(eras) }],
  };
}

/** The eras that did not end before the floor, and of those the latest: each open makes one. */
export function remembered(eras: readonly Era[], floor: number): readonly Era[] {
  const kept = eras.filter((_, index) => {
    const next = eras[index + 1];
    return next === undefined || next.after >= floor;
  });
  return Object.freeze(kept.slice(-MAX_ERAS));
}

/** To forget one is safe: who stands in it begins a new step. */
const MAX_ERAS = 1024;

/** Not `randomUUID`, which browsers have in secure contexts only. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
