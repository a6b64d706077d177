/** A process of this app, which says in JSON lines what it does. */
import { Child as Program } from "@datahike-sync/testing/child";

/** One thing that it said. */
export type Said = Readonly<Record<string, unknown>> & { readonly event: string };

export class Child extends Program {
  /** What it said so far. */
  readonly said: readonly Said[];

  constructor(program: URL, args: readonly string[]) {
    const said: Said[] = [];
    // `as`: the programs of this app write nothing else.
    super(program, args, (line) => said.push(JSON.parse(line) as Said));
    this.said = said;
  }

  /** Resolves to the first such thing that it says, or has said. Rejects when it ends without. */
  tells(event: string, isIt: (said: Said) => boolean = () => true): Promise<Said> {
    return this.first(event, () => this.said.find((said) => said.event === event && isIt(said)));
  }
}
