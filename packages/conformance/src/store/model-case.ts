/** Any sequence of calls, beside a model. */
import type { Operation, Store } from "@datahike-sync/core";
import { type Edn, keyword, print, type Uuid } from "@datahike-sync/edn";
import fc from "fast-check";
import { check, describe, failureOf } from "../check.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { StoreModel } from "./model.ts";
import { STORE_A, STORE_B, type StoreContext, type StorePlace } from "./subject.ts";

type Command =
  | { readonly do: "write"; readonly operations: readonly Operation[]; readonly from: Source }
  | { readonly do: "update"; readonly key: Edn; readonly value: Edn | undefined }
  | { readonly do: "compact"; readonly seq: number }
  | { readonly do: "reopen" }
  | { readonly do: "time"; readonly byMs: number };

type Source = "here" | "a" | "b";

export const anyCalls: Case<StoreContext> = {
  says: "any sequence of calls gives what a model gives",
  async run(context) {
    await forAll(
      fc.array(command(), { maxLength: 12 }),
      context.parameters,
      async (commands) => {
        context.nowMs = 1_700_000_000_000;
        const run = new Run(context, await context.place());
        await run.open();
        for (const one of commands) await run.step(one);
        await run.end();
      },
      (commands) => commands.map(commandText).join("; "),
    );
  },
};

const KEYS: readonly Edn[] = ["", "a", "ÿ", keyword("a"), null, [1]];
const SOURCES: Readonly<Record<Source, Uuid | undefined>> = {
  here: undefined,
  a: STORE_A,
  b: STORE_B,
};

class Run {
  readonly #context: StoreContext;
  readonly #place: StorePlace;
  readonly #model: StoreModel;
  readonly #revisions: Record<Source, number> = { here: 0, a: 0, b: 0 };
  #store: Store | undefined;

  constructor(context: StoreContext, place: StorePlace) {
    this.#context = context;
    this.#place = place;
    this.#model = new StoreModel(context.capabilities.feed);
  }

  async open(): Promise<Store> {
    this.#store = await this.#place.open();
    this.#model.listen(this.#store);
    return this.#store;
  }

  async end(): Promise<void> {
    await this.#store?.close();
  }

  async step(command: Command): Promise<void> {
    const store = this.#store ?? (await this.open());
    switch (command.do) {
      case "write":
        await this.#write(store, command.operations, command.from);
        break;
      case "update":
        await this.#update(store, command.key, command.value);
        break;
      case "compact":
        await store.compact(command.seq);
        this.#model.compact(command.seq);
        break;
      case "reopen":
        await store.close();
        await this.open();
        break;
      case "time":
        this.#context.nowMs += command.byMs;
        break;
    }
    await this.#model.compare(this.#store ?? store, KEYS);
  }

  async #write(store: Store, operations: readonly Operation[], from: Source): Promise<void> {
    const storeId = SOURCES[from];
    const was = this.#revisions[from];
    const standing = storeId && { storeId, was, now: {} };
    const expected = this.#model.write(operations, storeId, this.#context.nowMs);
    const written = store.write(operations, { standing });
    if ("error" in expected) {
      const error = await failureOf(written);
      const isExpected = describe(error).includes(expected.error);
      check(isExpected, () => `${describe(error)} instead of ${expected.error}`);
      return;
    }
    const { skipped } = await written;
    const keys = skipped.map((key) => print(key)).sort();
    check(keys.join() === expected.skipped.join(), `skipped ${keys.join()}`);
    this.#revisions[from]++;
  }

  async #update(store: Store, key: Edn, value: Edn | undefined): Promise<void> {
    const before = this.#model.value(key);
    const operation: Operation =
      value === undefined ? { op: "delete", key } : { op: "set", key, value };
    const expected = this.#model.write([operation], undefined, this.#context.nowMs);
    let given: Edn | undefined;
    const updated = store.update(key, (was) => {
      given = was;
      return value;
    });
    const error = await failureOf(updated);
    const code = "error" in expected ? expected.error : "no error";
    check(describe(error).includes(code), () => `${describe(error)} of update instead of ${code}`);
    const isAsked = code !== "KEY_IS_REPLICATED";
    const isRight = !isAsked || textOr(given) === textOr(before);
    check(isRight, () => `update was given ${textOr(given)} instead of ${textOr(before)}`);
  }
}

function command(): fc.Arbitrary<Command> {
  const key = fc.constantFrom(...KEYS);
  const value = fc.constantFrom<Edn>(
    1,
    null,
    "b",
    "x".repeat(2000),
    "y".repeat(2000),
    keyword("c"),
  );
  const set = fc.record(
    {
      op: fc.constant("set" as const),
      key,
      value,
      lastWrite: fc.constantFrom(undefined, undefined, 5, 6),
      immutable: fc.constantFrom(false, false, true),
      rewrite: fc.constantFrom(false, false, true),
    },
    { requiredKeys: ["op", "key", "value"] },
  );
  const remove = fc.record({ op: fc.constant("delete" as const), key });
  const bytes = fc.record({
    op: fc.constant("set" as const),
    key,
    value: fc.uint8Array({ maxLength: 2 }),
    type: fc.constant("binary" as const),
  });
  const operation = fc.oneof(
    { weight: 5, arbitrary: set },
    { weight: 3, arbitrary: remove },
    { weight: 1, arbitrary: bytes },
  );
  const write = fc.record({
    do: fc.constant("write" as const),
    operations: fc.array(operation, { maxLength: 4 }),
    from: fc.constantFrom<Source>("here", "here", "a", "b"),
  });
  const update = fc.record({
    do: fc.constant("update" as const),
    key,
    value: fc.option(value, { nil: undefined }),
  });
  const compact = fc.record({ do: fc.constant("compact" as const), seq: fc.nat(8) });
  const reopen = fc.record({ do: fc.constant("reopen" as const) });
  const time = fc.record({
    do: fc.constant("time" as const),
    byMs: fc.integer({ min: -20, max: 20 }),
  });
  return fc.oneof(
    { weight: 8, arbitrary: write },
    { weight: 2, arbitrary: update },
    { weight: 1, arbitrary: compact },
    { weight: 1, arbitrary: reopen },
    { weight: 1, arbitrary: time },
  );
}

function commandText(command: Command): string {
  switch (command.do) {
    case "write": {
      const operations = command.operations.map((operation) => {
        const { op, key, ...rest } = operation;
        return `${op} ${print(key)} ${JSON.stringify(rest).slice(0, 120)}`;
      });
      return `write from ${command.from}: ${operations.join(", ")}`;
    }
    case "update":
      return `update ${print(command.key)} to ${textOr(command.value)}`;
    case "compact":
      return `compact ${command.seq}`;
    case "reopen":
      return "reopen";
    case "time":
      return `time ${command.byMs}`;
  }
}

function textOr(value: Edn | undefined): string {
  return value === undefined ? "nothing" : print(value).slice(0, 60);
}
