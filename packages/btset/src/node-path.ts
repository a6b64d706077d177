import { type Edn, identity, type Keyword, kindOf, type Uuid } from "@datahike-sync/edn";

/** The keys that lead from a pointer to a node, kept cheaply: as text only when somebody asks. */
export class NodePath {
  readonly key: Edn;
  readonly parent: NodePath | undefined;

  constructor(key: Edn, parent?: NodePath) {
    this.key = key;
    this.parent = parent;
  }

  /** From the first to the last, UUIDs and keywords as they are printed. */
  toSteps(): string[] {
    return stepsTo(this).reverse();
  }
}

function stepsTo(path: NodePath): string[] {
  const steps: string[] = [];
  for (let step: NodePath | undefined = path; step !== undefined; step = step.parent) {
    steps.push(textOf(step.key));
  }
  return steps;
}

function textOf(key: Edn): string {
  const kind = kindOf(key);
  return kind === "uuid" || kind === "keyword" ? (key as Uuid | Keyword).toString() : identity(key);
}
