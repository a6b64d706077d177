/** What ends all at once when a process does: its timers, its lines, its calls of a store. */

export class Life {
  readonly name: string;
  isOver = false;

  constructor(name: string) {
    this.name = name;
  }
}
