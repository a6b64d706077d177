import { type WalkerCase, walkerConformance } from "@datahike-sync/conformance/walker";
import type {
  DiffOptions,
  DiffStep,
  EntryClass,
  PointerState,
  PointerStep,
  ReadableStore,
  WalkOptions,
  WalkStep,
} from "@datahike-sync/core";
import { type Edn, EdnSet, identity, isKind, keyword, SyncError } from "@datahike-sync/edn";
import { cases, seed } from "@datahike-sync/testing";
import { describe } from "vitest";
import { controls, type Mutant } from "./controls.ts";
import {
  naming,
  nodeKey,
  PlainStore,
  PlainWalker,
  pointer,
  recycling,
  type Search,
} from "./plain-walker.ts";

type WalkerClass = new () => PlainWalker;

/** Two pointers at three times, whose nodes are shared in part; commits keep their records. */
const THEN: readonly PointerState[] = [pointer("one", 101, 1, 2)];
const LATER: readonly PointerState[] = [pointer("one", 102, 1, 4), pointer("two", 103, 2)];
const NOW: readonly PointerState[] = [pointer("one", 104, 4, 7), pointer("two", 105, 5)];

const NODES: readonly (readonly [key: Edn, value: Edn])[] = [
  [1, 10, 11, 12],
  [2, 12, 13],
  [4, 11, 14],
  [5, 12, 15],
  [7, 16, 1],
  ...[10, 11, 12, 13, 14, 15, 16].map((leaf) => [leaf]),
].map(([number = 0, ...children]) => [nodeKey(number), naming(...children)]);

function storeOf(pointers: readonly PointerState[], commits: readonly PointerState[]): PlainStore {
  return new PlainStore([
    ...NODES,
    ...[...pointers, ...commits].map(({ value }) => [commitOf(value), value] as const),
    ...pointers.map(({ key, value }) => [key, value] as const),
    [keyword("other"), "a cell"],
  ]);
}

function commitOf(value: Edn): Edn {
  return (isKind(value, "map") ? value.get(keyword("commit")) : undefined) ?? null;
}

describe("a store that keeps its nodes", () => {
  controls<WalkerCase, WalkerClass>(
    (test, Walker) => {
      walkerConformance({
        test,
        open: async () => ({
          store: storeOf(NOW, [...THEN, ...LATER]),
          walker: new Walker(),
          states: [THEN, LATER],
          selects: [new EdnSet([keyword("one")]), new EdnSet([keyword("two")])],
        }),
        seed,
        runs: cases(1000),
      });
    },
    PlainWalker,
    mutants(),
    ["recycled-states"],
  );
});

describe("a store that uses keys again", () => {
  const states = [THEN, LATER, NOW].map((state) => state.map(recycling));
  controls<WalkerCase, WalkerClass>(
    (test, Walker) => {
      walkerConformance({
        test,
        open: async () => ({
          store: storeOf(states[2] ?? [], [...(states[0] ?? []), ...(states[1] ?? [])]),
          walker: new Walker(),
          states: states.slice(0, 2),
        }),
        seed,
        runs: cases(1000),
      });
    },
    PlainWalker,
    [
      {
        name: "skips what both states reach",
        fails: "recycled-states",
        because: /is missing in state/,
        subject: class extends PlainWalker {
          override async *diff(
            store: ReadableStore,
            from: readonly PointerState[],
            to: readonly PointerState[],
          ): AsyncGenerator<DiffStep, void> {
            const before = await this.reach(store, from, {});
            for (const [id, key] of await this.reach(store, to, {})) {
              if (!before.has(id)) yield { key, change: "added" };
            }
          }
        },
      },
    ],
    "all others",
  );
});

function mutants(): Mutant<WalkerCase, WalkerClass>[] {
  return [
    {
      name: "yields parents first",
      fails: "everything-reached",
      because: /comes after its parent/,
      subject: class extends PlainWalker {
        override async collect(search: Search, value: Edn, path: readonly Edn[]): Promise<void> {
          for (const key of this.children(value)) search.found.set(identity(key), key);
          for (const key of this.children(value)) {
            await this.collect(search, (await search.store.get(key)) ?? null, path);
          }
        }
      },
    },
    {
      name: "looks at the first child only",
      fails: "everything-reached",
      because: /names, is not walked/,
      subject: class extends PlainWalker {
        override async collect(search: Search, value: Edn, path: readonly Edn[]): Promise<void> {
          await super.collect(search, naming(), path);
          const [first] = this.children(value);
          if (first === undefined) return;
          await this.collect(search, (await search.store.get(first)) ?? null, path);
          search.found.set(identity(first), first);
        }
      },
    },
    {
      name: "yields what it meets twice",
      fails: "each-once",
      because: /comes twice in the walk/,
      subject: class extends PlainWalker {
        override async *walk(store: ReadableStore): AsyncGenerator<WalkStep, void> {
          const pointers = await this.readPointers(store, {});
          for (const state of pointers) {
            for (const key of (await this.reach(store, [state], {})).values()) {
              yield { class: "node", key };
            }
          }
          yield* pointers;
        }
      },
    },
    {
      name: "yields pointers first",
      fails: "pointers-last",
      because: /a node comes after a pointer/,
      subject: class extends PlainWalker {
        override async *walk(store: ReadableStore): AsyncGenerator<WalkStep, void> {
          const steps = await all(super.walk(store));
          yield* steps.toReversed();
        }
      },
    },
    {
      name: "makes up metadata",
      fails: "pointers-last",
      because: /the metadata of :one is not that in the store/,
      subject: class extends PlainWalker {
        override async readPointers(
          store: ReadableStore,
          options: WalkOptions,
        ): Promise<PointerStep[]> {
          const pointers = await super.readPointers(store, options);
          return pointers.map((step) => ({ ...step, meta: { ...step.meta, lastWrite: 0 } }));
        }
      },
    },
    {
      name: "reads the pointers again to yield them",
      fails: "pointers-read-once",
      because: /a pointer was read a second time/,
      subject: class extends PlainWalker {
        override async *walk(store: ReadableStore): AsyncGenerator<WalkStep, void> {
          for (const step of await all(super.walk(store))) {
            yield step.class === "node"
              ? step
              : { ...step, value: (await store.get(step.key)) ?? null };
          }
        }
      },
    },
    {
      name: "yields in the order in which reads end",
      fails: "same-order",
      because: /two walks of the same store differ/,
      subject: class extends PlainWalker {
        override async collect(search: Search, value: Edn, path: readonly Edn[]): Promise<void> {
          await Promise.all(
            this.children(value).map((key) => super.collect(search, namingKey(key), path)),
          );
        }
      },
    },
    {
      name: "makes up a pointer",
      fails: "no-pointers",
      because: /1 keys were walked/,
      subject: class extends PlainWalker {
        override async readPointers(
          store: ReadableStore,
          options: WalkOptions,
        ): Promise<PointerStep[]> {
          const pointers = await super.readPointers(store, options);
          const meta = { type: "edn", lastWrite: 0, immutable: false } as const;
          return pointers.length > 0
            ? pointers
            : [{ class: "pointer", key: keyword("one"), value: naming(), meta }];
        }
      },
    },
    {
      name: "takes nodes for cells",
      fails: "classes-agree",
      because: /is walked as node and classified as cell/,
      subject: class extends PlainWalker {
        override classify(key: Edn): EntryClass {
          const found = super.classify(key);
          return found === "node" ? "cell" : found;
        }
      },
    },
    {
      name: "gives a shorter answer for a missing node",
      fails: "missing-nodes",
      because: /a walk without .* gave: no error instead of NODE_MISSING/,
      subject: class extends PlainWalker {
        override miss(): void {}
      },
    },
    {
      name: "does not say where a node is missing",
      fails: "missing-nodes",
      because: /NODE_MISSING without details.path/,
      subject: class extends PlainWalker {
        override miss(): void {
          throw new SyncError("NODE_MISSING", "a node is not there");
        }
      },
    },
    {
      name: "says where the parent is",
      fails: "missing-nodes",
      because: /NODE_MISSING with a path to/,
      subject: class extends PlainWalker {
        override miss(path: readonly Edn[]): void {
          super.miss(path.slice(0, -1));
        }
      },
    },
    {
      name: "hears no signal",
      fails: "aborted-walk",
      because: /no error instead of the signal's reason/,
      subject: class extends PlainWalker {
        override walk(store: ReadableStore): AsyncGenerator<WalkStep, void> {
          return super.walk(store);
        }
      },
    },
    {
      name: "wraps the signal's reason",
      fails: "aborted-walk",
      because: /SyncError ABORTED .* instead of the signal's reason/,
      subject: class extends PlainWalker {
        override readPointers(store: ReadableStore, options: WalkOptions): Promise<PointerStep[]> {
          if (options.signal?.aborted) throw new SyncError("ABORTED", "aborted");
          return super.readPointers(store, options);
        }
      },
    },
    {
      name: "counts nodes only",
      fails: "progress",
      because: /of \d+ keys were told of/,
      subject: class extends PlainWalker {
        override async *walk(
          store: ReadableStore,
          options: WalkOptions = {},
        ): AsyncGenerator<WalkStep, void> {
          const { onProgress, ...others } = options;
          let keys = 0;
          for await (const step of super.walk(store, others)) {
            if (step.class === "node") onProgress?.({ keys: ++keys, decoded: keys });
            yield step;
          }
        }
      },
    },
    {
      name: "compares pointer with pointer of the same name",
      fails: "differences",
      because: /is too much in what was added|comes twice in what was added/,
      subject: class extends PlainWalker {
        override async *diff(
          store: ReadableStore,
          from: readonly PointerState[],
          to: readonly PointerState[],
          options: DiffOptions = {},
        ): AsyncGenerator<DiffStep, void> {
          for (const state of to) {
            const same = from.filter(({ key }) => key === state.key);
            yield* super.diff(store, same, [state]);
          }
          for await (const step of super.diff(store, from, to, options)) {
            if (step.change === "removed") yield step;
          }
        }
      },
    },
    {
      name: "yields a diff parents first",
      fails: "differences",
      because: /comes after its parent/,
      subject: class extends PlainWalker {
        override async *diff(
          store: ReadableStore,
          from: readonly PointerState[],
          to: readonly PointerState[],
          options: DiffOptions = {},
        ): AsyncGenerator<DiffStep, void> {
          yield* (await all(super.diff(store, from, to, options))).toReversed();
        }
      },
    },
    {
      name: "always tells what was removed",
      fails: "removed-on-request",
      because: /a removed key was told of without request/,
      subject: class extends PlainWalker {
        override diff(
          store: ReadableStore,
          from: readonly PointerState[],
          to: readonly PointerState[],
        ): AsyncGenerator<DiffStep, void> {
          return super.diff(store, from, to, { removed: true });
        }
      },
    },
    {
      name: "walks both states to compare them",
      fails: "same-state",
      because: /was read to compare a state with itself/,
      subject: class extends PlainWalker {
        override async *diff(
          store: ReadableStore,
          from: readonly PointerState[],
          to: readonly PointerState[],
          options: DiffOptions = {},
        ): AsyncGenerator<DiffStep, void> {
          await this.reach(store, to, options);
          yield* super.diff(store, from, to, options);
        }
      },
    },
    {
      name: "names no pointer that it has not been told of",
      fails: "pointers-named",
      because: /:one is missing in the pointers that are named/,
      subject: class extends PlainWalker {
        override pointers(known: readonly PointerState[]): readonly Edn[] {
          return known.map(({ key }) => key);
        }
      },
    },
    {
      name: "names a cell as a pointer",
      fails: "pointers-named",
      because: /:other is too much in the pointers that are named/,
      subject: class extends PlainWalker {
        override pointers(): readonly Edn[] {
          return [...this.names, keyword("other")];
        }
      },
    },
    {
      name: "always names another pointer",
      fails: "pointers-named",
      because: /there is always another pointer/,
      subject: class extends PlainWalker {
        #asked = 0;

        override pointers(): readonly Edn[] {
          return [...this.names, nodeKey(this.#asked++)];
        }
      },
    },
    {
      name: "takes nothing special for nothing",
      fails: "select-nothing",
      because: /a walk that nothing special was asked of is another/,
      subject: class extends PlainWalker {
        override select(options: Edn): PlainWalker {
          return super.select(options ?? new EdnSet());
        }
      },
    },
    {
      name: "gives whatever is asked for",
      fails: "select-less",
      because: /is too much in what #\{:two\} asks for of #\{:one\}/,
      subject: class Greedy extends PlainWalker {
        override select(options: Edn): PlainWalker {
          const asked = isKind(options, "set") ? [...options] : [];
          return new Greedy(asked.filter((name) => isKind(name, "keyword")));
        }
      },
    },
    {
      name: "ignores options that it does not have",
      fails: "unknown-options",
      because: /no error for \{:datahike-sync\/no-such-option true\}/,
      subject: class extends PlainWalker {
        override select(options: Edn): PlainWalker {
          return isKind(options, "set") ? super.select(options) : this;
        }
      },
    },
    {
      name: "breaks on options of another kind",
      fails: "unknown-options",
      because: /SyncError CODEC_INVALID/,
      subject: class extends PlainWalker {
        override select(options: Edn): PlainWalker {
          if (isKind(options, "map") || isKind(options, "set")) return super.select(options);
          throw new SyncError("CODEC_INVALID", "options of another kind");
        }
      },
    },
    {
      name: "resolves a token to another state",
      fails: "tokens-resolve",
      because: /in what the token of :one resolves to/,
      subject: class extends PlainWalker {
        override resolve(store: ReadableStore): Promise<Edn | undefined> {
          return store.get(keyword("two"));
        }
      },
    },
    {
      name: "takes the whole value for its token",
      fails: "tokens-resolve",
      because: /is too long/,
      subject: class extends PlainWalker {
        override token(value: Edn): Edn {
          return [value, value, value];
        }
      },
    },
    {
      name: "names every state alike",
      fails: "tokens-differ",
      because: /two states have the token/,
      subject: class extends PlainWalker {
        override token(): Edn {
          return "now";
        }
      },
    },
    {
      name: "reads whatever a token names",
      fails: "forged-tokens",
      because: /resolved to a value of another/,
      subject: class extends PlainWalker {
        override resolve(store: ReadableStore, token: Edn): Promise<Edn | undefined> {
          return store.get(token);
        }
      },
    },
    {
      name: "takes every map for its own",
      fails: "foreign-values",
      because: /TypeError/,
      subject: class extends PlainWalker {
        override children(value: Edn): readonly Edn[] {
          const children = isKind(value, "map") ? value.get(keyword("children")) : [];
          return Array.from(children as readonly Edn[]);
        }
      },
    },
  ];
}

async function all<T>(steps: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const step of steps) list.push(step);
  return list;
}

/** A value that names this node alone. */
function namingKey(key: Edn): Edn {
  const value = naming();
  return value.with(keyword("children"), [key]);
}
