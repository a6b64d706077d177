/** The elements of the page's HTML. */

/**
 * The element with an id.
 *
 * @throws {TypeError} when there is none of this class.
 */
export function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`the page has no such element: ${id}`);
}

/** A new element with a text. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  text = "",
  className = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

/** Writes a text where it is another: who listens to the page is told of changes only. */
export function write(id: string, text: string): void {
  const target = element(id, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}
