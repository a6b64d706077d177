/** Faults of the engine that the simulator has to see: each is one that looks like an improvement. */

export interface Mutant {
  readonly name: string;
  readonly changes: readonly TextChange[];
}

/** In a file of the core's sources; `find` occurs there exactly once. */
interface TextChange {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  mutant("a pointer is shown before its nodes", "replica/step-applier.ts", [
    [
      'if (operation.op === "node" || (isEarly && operation.op === "cell")) {',
      'if (operation.op === "node" || operation.op === "pointer" || (isEarly && operation.op === "cell")) {',
    ],
  ]),
  mutant("nodes go before the pointer that needs them has moved", "replica/step-commits.ts", [
    [
      'const isLast = operation.op === "pointer" || operation.op === "deleteNode";',
      'const isLast = operation.op === "pointer" || operation.op === "cell";',
    ],
    ["some.push(...last);", "await this.#applyPart(some);\n    some = last;"],
  ]),
  mutant("a value is read late, after its row", "primary/scan.ts", [
    [
      "const operation = admit(row.operation, selection, bodies.codec);",
      `const { key, op } = row.operation;
      const now = op === "set" ? await this.#session.store.get(key, { encoded: true }) : undefined;
      const operation = admit(
        now === undefined ? row.operation : { ...now, op: "set" },
        selection,
        bodies.codec,
      );`,
    ],
  ]),
  mutant("a prefix of the feed is applied", "replica/step-applier.ts", [
    [
      'const isEarly = mode === "early" && keeper.standing.cursor === undefined;',
      "const isEarly = mode !== undefined || keeper.standing.revision > 0;",
    ],
  ]),
  mutant("raw live commits under a walker", "primary/walked-step.ts", [
    [
      "const steps = walker.diff(store, from.states, to.states, { signal });",
      `const written = async function* () {
    const { rows } = await (store as Store).changes(
      { seq: from.cursor.seq, place: Infinity },
      { since: Infinity },
    );
    for (const { operation } of rows) {
      if (operation.op === "set" && walker.classify(operation.key) === "node") {
        yield { key: operation.key, change: "added" as const };
      }
    }
  };
    const steps = written();`,
    ],
  ]),
  mutant("the cut is where the subscription was accepted", "primary/scan.ts", [
    [
      "const { rows, done, last } = await this.#read();",
      "const { rows, done, last: now } = await this.#read();\n        const last = (this.#accepted ??= now);",
    ],
    ["  #hasMetNode: boolean;\n", "  #hasMetNode: boolean;\n  #accepted: number | undefined;\n"],
  ]),
  mutant("a standing is written without a condition", "replica/standing-keeper.ts", [
    [
      "const standing = { storeId: this.#storeId, was: revision, now: next };",
      `const now = await this.#store.standing(this.#storeId);
    const standing = { storeId: this.#storeId, was: now?.revision ?? 0, now: next };`,
    ],
  ]),
  mutant("only the last commit of a catch-up is guarded", "replica/standing-keeper.ts", [
    [
      "const standing = { storeId: this.#storeId, was: revision, now: next };",
      `const now = await this.#store.standing(this.#storeId);
    const isLast = next.cursor !== this.#standing.cursor;
    const was = isLast ? revision : (now?.revision ?? 0);
    const standing = { storeId: this.#storeId, was, now: next };`,
    ],
  ]),
  mutant("a position skips what was kept back", "primary/scan.ts", [
    [
      'if (op === "cell") return !isBefore(this.#early, row);',
      'if (op === "cell") return !isBefore(this.#skipped, row);',
    ],
  ]),
  mutant("deletes of nodes are lost by a crash after the cursor", "replica/session.ts", [
    [
      "await finishDoomed(store, storeId, keeper, this.#line.codec);",
      "if (keeper.standing.doomed !== undefined) await keeper.write([], { ...keeper.standing, doomed: undefined });",
    ],
  ]),
  mutant("tokens of another selection are believed", "primary/walked-session.ts", [
    [
      "if (selection === undefined || !equals(selection, id) || tokens === undefined) return undefined;",
      "if (selection === undefined || equals(id, null) || tokens === undefined) return undefined;",
    ],
  ]),
  mutant("all without the tombstones that came later", "primary/scan.ts", [
    [
      "return row.seq <= (this.#base ?? 0);",
      'return this.#start.plan === "all" || row.seq <= (this.#base ?? 0);',
    ],
  ]),
  mutant("pins are chased for ever", "primary/walked-catch-up.ts", [
    [
      "if (!(await walked.isOverwritten(pins, sent, walker, outlet.signal))) break;\n      await this.#writer.restart();\n      pins = await walked.pinAgain(walker, outlet.signal);",
      "const now = await walked.pin(walker, outlet.signal);\n      if (now.cursor.seq === pins.cursor.seq) break;\n      pins = now;",
    ],
  ]),
  mutant(
    "a node whose key was used again is shown early",
    "replica/step-applier.ts",
    [
      ["if (this.#mayReplace) sets = await this.#keepReplacing(sets);", ""],
      [
        'if (!isSyncError(error, "IMMUTABLE_CHANGED")) throw error;\n      sets = await this.#keepReplacing(sets);\n      await this.#commits.store(sets, this.#position, this.#isFragile);',
        'if (!isSyncError(error, "IMMUTABLE_CHANGED")) throw error;\n      await this.#commits.overwrite(sets, this.#position, this.#isFragile);',
      ],
    ],
    "replica/step-commits.ts",
    [
      [
        "  /** Clears the stage of what others have left there. */",
        `  async overwrite(sets: readonly KeptSet[], position: Edn | undefined, isFragile: boolean): Promise<void> {
    const next = () => ({ ...this.#following.keeper.standing, position });
    await this.#write(sets.map((set) => toOperation(set, true)), next, { isFragile });
  }

  /** Clears the stage of what others have left there. */`,
      ],
    ],
  ),
  mutant(
    "nodes are pruned while a step is under way",
    "replica/pruner.ts",
    [
      [
        "const isWhole = cursor !== undefined && position === undefined && doomed === undefined;",
        "const isWhole = cursor !== undefined && (position === undefined || doomed === undefined);",
      ],
    ],
    "replica/session.ts",
    [
      [
        "if (this.#applier?.isIdle && !isWanted()) await",
        "if (this.#applier !== undefined && !isWanted()) await",
      ],
    ],
  ),
  mutant("a reconciliation deletes what has moved", "primary/reconcile-plan.ts", [
    [
      "const isThere = entry !== undefined && (selection.filter?.passes(entry) ?? true);",
      "const isThere = entry?.lastWrite === lastWrite && (selection.filter?.passes(entry) ?? true);",
    ],
  ]),
  mutant("a tombstone is dropped by a compaction under a scan", "primary/scan.ts", [
    [
      "const since = sinceOf(this.#start) ?? this.#base ?? Number.POSITIVE_INFINITY;",
      "const since = Number.isNaN(sinceOf(this.#start) ?? this.#base) ? 0 : Number.POSITIVE_INFINITY;",
    ],
  ]),
  mutant("an acknowledgement goes before the write", "replica/session.ts", [
    ["    await this.#applier?.flush();\n    this.#settled =", "    this.#settled ="],
    [
      "    if (isAckDue) return this.#ack();",
      "    if (isAckDue) await this.#ack();\n    await this.#applier?.flush();\n    if (isAckDue) return;",
    ],
  ]),
  mutant(
    "a late frame of a closed line is taken",
    "native-dialect.ts",
    [["    if (this.#isClosed) return;\n    try {", "    try {"]],
    "replica/replica-line.ts",
    [
      [
        "for (const receiver of this.#receivers.values()) receiver.lineEnded();\n    this.#receivers.clear();",
        "for (const receiver of this.#receivers.values()) receiver.lineEnded();",
      ],
    ],
    "replica/inbox.ts",
    [
      ["    this.#isClosed = true;\n    this.#letters = [];", "    this.#isClosed = true;"],
      ["    if (this.#isClosed) return;\n    this.#received", "    this.#received"],
    ],
    "replica/session.ts",
    [
      [
        "        if (this.#inbox.isClosed) return this.#closed();\n        const end",
        "        const end",
      ],
      [
        "if (this.#inbox.isClosed) return this.#closed();\n      const last = letters.at(-1);",
        "if (this.#inbox.isClosed && letters.length === 0) return this.#closed();\n      const last = letters.at(-1);",
      ],
    ],
  ),
  mutant("a hidden commit does not move the cursor", "primary/live.ts", [
    [
      "this.#idle = last === undefined && isNews ? step : undefined;",
      "this.#idle = last === undefined && isNews ? undefined : this.#idle;",
    ],
  ]),
  mutant("an era survives a restore", "driver-store/eras.ts", [
    [
      "const era = Object.freeze({ id: randomId(), after: header.last });\n  const eras = remembered([...(known?.eras ?? []), era], header.floor);",
      "const before = known?.eras.at(-1);\n  const era = before ?? Object.freeze({ id: randomId(), after: header.last });\n  const eras = before === undefined ? [era] : (known?.eras ?? []);",
    ],
  ]),
];

type Change = readonly [find: string, replace: string];

/** Files, and after each what is changed there. */
function mutant(name: string, ...parts: readonly (string | readonly Change[])[]): Mutant {
  let file = "";
  const changes: TextChange[] = [];
  for (const part of parts) {
    if (typeof part === "string") file = part;
    else for (const [find, replace] of part) changes.push({ file, find, replace });
  }
  return { name, changes };
}
