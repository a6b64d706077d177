/** The table of items, in which what the last step brought is marked. */
import { COLUMNS } from "./columns.ts";
import { create, element, write } from "./elements.ts";
import { PAGE_ROWS, type Reading, type Row } from "./reading.ts";
import { number } from "./text.ts";

export class ItemsTable {
  /** The page that is to be read, from 0. */
  page = 0;
  readonly #table: HTMLTableElement = element("items", HTMLTableElement);
  readonly #previous: HTMLButtonElement = element("previous", HTMLButtonElement);
  readonly #next: HTMLButtonElement = element("next", HTMLButtonElement);
  #shown: Reading | undefined;

  /** @param onTurn Told when another page is to be read. */
  constructor(onTurn: () => void) {
    const head = create("tr");
    for (const { label, isNumber } of COLUMNS) {
      const cell = create("th", label, isNumber === true ? "number" : "");
      cell.scope = "col";
      head.append(cell);
    }
    this.#table.tHead?.append(head);
    const turn = (by: number) => () => {
      this.page += by;
      onTurn();
    };
    this.#previous.addEventListener("click", turn(-1));
    this.#next.addEventListener("click", turn(1));
  }

  show(reading: Reading): void {
    const { rows, page, items, transaction } = reading;
    // What is marked stays so until there is something else to be marked.
    if (this.#shown?.transaction === transaction && this.#shown.page === page) return;
    const before = this.#shown?.page === page ? this.#shown.rows : rows;
    const cells = new Map(before.map(({ id, cells }) => [id, cells]));
    this.#table.tBodies[0]?.replaceChildren(...rows.map((row) => rowOf(row, cells.get(row.id))));
    const pages = Math.max(1, Math.ceil(items / PAGE_ROWS));
    write("page", `Page ${number(page + 1)} of ${number(pages)}`);
    this.#previous.disabled = page === 0;
    this.#next.disabled = page === pages - 1;
    this.page = page;
    this.#shown = reading;
  }
}

/** @param before Its cells until now; absent where it was not there. */
function rowOf({ cells }: Row, before: readonly string[] | undefined): HTMLTableRowElement {
  const row = create("tr", "", before === undefined ? "new" : "");
  for (const [at, text] of cells.entries()) {
    const marks = [
      COLUMNS[at]?.isNumber === true ? "number" : "",
      before !== undefined && before[at] !== text ? "changed" : "",
    ];
    const cell = create(at === 0 ? "th" : "td", text, marks.join(" ").trim());
    if (at === 0) cell.scope = "row";
    row.append(cell);
  }
  return row;
}
