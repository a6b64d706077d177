import { CrashDisk } from "@datahike-sync/conformance/simulation";
import { type StoreCase, storeConformance } from "@datahike-sync/conformance/store";
import {
  type CommitOptions,
  type DriverOperation,
  type EncodedReadOptions,
  openStore,
  type ReadOptions,
  type Store,
  type StoreDriver,
  type WriteResult,
} from "@datahike-sync/core";
import { type Edn, identity, isKind, keyword } from "@datahike-sync/edn";
import { cases, Random, seed } from "@datahike-sync/testing";
import { describe } from "vitest";
import { controls, type Mutant } from "./controls.ts";
import { PlainCodec } from "./plain-codec.ts";

/** What is wrong with a store, or with the driver under it. */
interface Fault {
  readonly store?: (store: Store) => Partial<Store>;
  readonly driver?: (driver: StoreDriver) => Partial<StoreDriver>;
}

describe("a store whose disk crashes, with several openers and snapshots", () => {
  controls<StoreCase, Fault>(
    (declare, fault) =>
      storeConformance({
        test: declare,
        open: async ({ now }) => {
          const disk = new CrashDisk({ random: randomNumbers() });
          return {
            open: async () => {
              const driver = await disk.open();
              const faulty = { ...driver, ...fault.driver?.(driver) };
              const store = await openStore(faulty, { codec: new PlainCodec(), now });
              return fault.store === undefined ? store : altered(store, fault.store(store));
            },
            crash: () => disk.crash(),
          };
        },
        capabilities: { durable: "barrier" },
        crashes: true,
        seed,
        runs: cases(1_000),
      }),
    {},
    [...mutants(), ...simpleMutants()],
  );
});

describe("a store whose disk crashes, takes one opener and has no snapshots", () => {
  controls<StoreCase, boolean>(
    (declare, exclusive) =>
      storeConformance({
        test: declare,
        open: async ({ now }) => {
          const random = randomNumbers();
          const disk = new CrashDisk({ random, exclusive, durability: "commit" });
          return {
            open: async () => openStore(await disk.open(), { codec: new PlainCodec(), now }),
            crash: () => disk.crash(),
          };
        },
        capabilities: { shared: false },
        crashes: true,
        seed,
        runs: cases(1_000),
      }),
    true,
    [
      {
        name: "takes a second opener",
        fails: "locked",
        because: /no error instead of STORE_LOCKED/,
        subject: false,
      },
    ],
    "all others",
  );
});

function mutants(): Mutant<StoreCase, Fault>[] {
  return [
    {
      name: "returns shared bytes",
      fails: "own-values",
      because: /read for the 2\. time/,
      subject: {
        store: (store) => {
          const given = new Map<string, Edn | undefined>();
          const get = async (key: Edn) => {
            const id = identity(key);
            if (!given.has(id)) given.set(id, await store.get(key));
            return given.get(id);
          };
          return { get: get as Store["get"] };
        },
      },
    },
    {
      name: "keeps the writer's bytes",
      fails: "own-values",
      because: /read for the 1\. time/,
      subject: {
        store: (store) => {
          const kept = new Map<string, Edn>();
          const set: Store["set"] = (key, value, options) => {
            if (value instanceof Uint8Array) kept.set(identity(key), value);
            return store.set(key, value, options);
          };
          const get = async (key: Edn) => kept.get(identity(key)) ?? store.get(key);
          return { set, get: get as Store["get"] };
        },
      },
    },
    {
      name: "folds the empty key into nil",
      fails: "keys-apart",
      because: /the value of ""/,
      subject: {
        store: (store) => {
          const get = async (key: Edn) => store.get(key === "" ? null : key);
          return { get: get as Store["get"] };
        },
      },
    },
    {
      name: "bounds a scan of keys with ÿ",
      fails: "keys-list",
      because: /the keys/,
      subject: {
        store: (store) => ({
          async *keys(options) {
            for await (const entry of store.keys(options)) {
              const isBehind = typeof entry.key === "string" && entry.key > "ÿ";
              if (!isBehind) yield entry;
            }
          },
        }),
      },
    },
    {
      name: "lists keys in the order of the feed",
      fails: "keys-under-writes",
      because: /keys came twice/,
      subject: {
        store: (store) => ({
          async *keys() {
            let after = { seq: 0, place: 0 };
            for (;;) {
              const { rows, done } = await store.changes(after, { limit: 64, since: Infinity });
              for (const row of rows) {
                after = row;
                if (row.operation.op === "set") yield row.operation;
              }
              if (done) return;
            }
          },
        }),
      },
    },
    {
      name: "makes a row of what is there already",
      fails: "no-change",
      because: /a cursor came of writing the same again/,
      subject: {
        store: (store) => {
          let lastWrite = 1;
          const write: Store["write"] = (operations, options) => {
            const touched = operations.map((operation) =>
              operation.op === "delete" ? operation : { ...operation, lastWrite: lastWrite++ },
            );
            return store.write(touched, options);
          };
          return { write };
        },
      },
    },
    {
      name: "takes another value for an immutable key",
      fails: "immutable-keys",
      because: /no error instead of IMMUTABLE_CHANGED/,
      subject: {
        store: (store) => ({
          write: (operations, options) => {
            const forced = operations.map((operation) =>
              operation.op === "delete" ? operation : { ...operation, rewrite: true },
            );
            return store.write(forced, options);
          },
        }),
      },
    },
    {
      name: "reads and writes in two steps when it updates",
      fails: "updates",
      because: /what 51 updates counted/,
      subject: {
        store: (store) => ({
          update: async (key, change) => {
            const value = change(await store.get(key));
            if (value === undefined) await store.delete(key);
            else await store.set(key, value);
            return value;
          },
        }),
      },
    },
    {
      name: "lets lastWrite go back",
      fails: "clock-forward",
      because: /lastWrite went/,
      subject: {
        // Whatever the header remembers, the clock begins anew with each opener.
        driver: (driver) => ({
          commit: (operations, options) => {
            const forgetful = operations.map(({ key, row }) => {
              if (key !== "h" || row === undefined) return { key, row };
              const header = JSON.parse(new TextDecoder().decode(row)) as unknown[];
              header[5] = 0;
              return { key, row: new TextEncoder().encode(JSON.stringify(header)) };
            });
            const expect = options.expect && { ...options.expect };
            if (expect?.row !== undefined) {
              const header = JSON.parse(new TextDecoder().decode(expect.row)) as unknown[];
              header[5] = 0;
              const row = new TextEncoder().encode(JSON.stringify(header));
              return driver.commit(forgetful, { ...options, expect: { ...expect, row } });
            }
            return driver.commit(forgetful, options);
          },
        }),
      },
    },
    {
      name: "gives versions of one millisecond one time",
      fails: "versions-apart",
      because: /two versions have one lastWrite/,
      subject: {
        store: (store) => ({
          set: (key, value, options) => store.set(key, value, { lastWrite: 1, ...options }),
        }),
      },
    },
    {
      name: "tells of a commit before it is made",
      fails: "events-after-commit",
      because: /cannot be seen/,
      subject: {
        store: (store) => {
          const listeners: Parameters<Store["onCommit"]>[0][] = [];
          const tell = (operations: Parameters<(typeof listeners)[0]>[0]["operations"]) => {
            for (const listener of listeners) {
              listener({ cursor: { era: "early", seq: 1 }, operations });
            }
          };
          const meta = { type: "edn", lastWrite: 0, immutable: false } as const;
          return {
            onCommit: (listener) => {
              listeners.push(listener);
              return () => undefined;
            },
            set: (key, value, options) => {
              tell([{ op: "set", key, value, ...meta }]);
              return store.set(key, value, options);
            },
          };
        },
      },
    },
    {
      name: "tells of a commit before it is durable",
      fails: "crash-after-event",
      because: /is not there after a crash/,
      subject: {
        driver: (driver) => ({
          commit: (operations, options) =>
            driver.commit(operations, { ...options, durable: false }),
        }),
      },
    },
    {
      name: "tells commits of concurrent writers in another order",
      fails: "concurrent-writes",
      because: /not in the order/,
      subject: {
        store: (store) => ({
          onCommit: (listener) => {
            let held: Parameters<typeof listener>[0] | undefined;
            return store.onCommit((commit) => {
              if (commit.cursor.seq % 5 === 0) {
                held = commit;
                return;
              }
              listener(commit);
              if (held !== undefined) listener(held);
              held = undefined;
            });
          },
        }),
      },
    },
    {
      name: "loses a tombstone under a scan",
      fails: "scan-meets-end",
      because: /key \d+ after the scan/,
      subject: {
        store: (store) => ({
          changes: async (after, options) => {
            const read = await store.changes(after, options);
            return { ...read, rows: read.rows.filter(({ operation }) => operation.op === "set") };
          },
        }),
      },
    },
    {
      name: "keeps a row at its old place",
      fails: "rows-move",
      because: /the feed/,
      subject: {
        driver: (driver) => ({
          commit: (operations, options) =>
            driver.commit(
              operations.filter(({ key, row }) => row !== undefined || !key.startsWith("f")),
              options,
            ),
        }),
      },
    },
    {
      name: "orders rows as text, 10 before 9",
      fails: "rows-in-order",
      because: /the feed/,
      subject: {
        store: (store) => ({
          changes: async (after, options) => {
            const read = await store.changes(after, options);
            return { ...read, rows: read.rows.toReversed() };
          },
        }),
      },
    },
    {
      name: "counts operations that changed nothing",
      fails: "rows-in-order",
      because: /the places are 1:0 1:1 1:2 2:0 2:2/,
      subject: {
        store: (store) => ({
          changes: async (after, options) => {
            const read = await store.changes(after, options);
            const rows = read.rows.map((row) => {
              const isLate = row.seq === 2 && row.place === 1;
              return isLate ? { ...row, place: 2 } : row;
            });
            return { ...read, rows };
          },
        }),
      },
    },
    {
      name: "drops a tombstone under a scan when it is compacted",
      fails: "truncated",
      because: /no error instead of FEED_TRUNCATED/,
      subject: {
        store: (store) => ({
          changes: (after, options) => store.changes(after, { ...options, since: Infinity }),
        }),
      },
    },
    {
      name: "compacts nothing",
      fails: "compaction",
      because: /floor is 0/,
      subject: { store: () => ({ compact: async () => undefined }) },
    },
    {
      name: "forgets that a new era began",
      fails: "eras",
      because: /no era was added/,
      subject: {
        store: (store) => ({
          feed: async () => {
            const feed = await store.feed();
            return { ...feed, eras: feed.eras.slice(0, 1) };
          },
        }),
      },
    },
    {
      name: "goes on in the same era after a crash",
      fails: "crash-era",
      because: /a cursor is/,
      subject: {
        // The era's row is written anew with each open: here it keeps what it had.
        store: (store) => ({
          feed: async () => {
            const feed = await store.feed();
            return {
              ...feed,
              eras: [
                { id: "one", after: 0 },
                { id: "end", after: 1e9 },
              ],
            };
          },
          set: async (key, value, options): Promise<WriteResult> => {
            const result = await store.set(key, value, options);
            return result.cursor ? { ...result, cursor: { ...result.cursor, era: "one" } } : result;
          },
        }),
      },
    },
    {
      name: "moves a standing without its precondition",
      fails: "revisions",
      because: /no error instead of CURSOR_MOVED/,
      subject: {
        store: (store) => ({
          write: async (operations, options = {}) => {
            const { standing } = options;
            if (standing === undefined) return store.write(operations, options);
            const was = (await store.standing(standing.storeId))?.revision ?? 0;
            return store.write(operations, { ...options, standing: { ...standing, was } });
          },
        }),
      },
    },
    {
      name: "checks the precondition outside of the transaction",
      fails: "openers-standings",
      because: /of two were refused/,
      subject: { driver: withoutExpectation },
    },
    {
      name: "overwrites what another opener wrote",
      fails: "openers-together",
      because: /60 updates counted|accounted|last of 120/,
      subject: { driver: withoutExpectation },
    },
    {
      name: "lets a subscription touch what is local",
      fails: "origins",
      because: /what was skipped/,
      subject: {
        store: (store) => ({
          write: async (operations, options) => ({
            ...(await store.write(operations, options)),
            skipped: [],
          }),
        }),
      },
    },
    {
      name: "applies half a commit before a crash",
      fails: "crash-whole",
      because: /of commit \d+ key|keys are left instead|last is/,
      subject: {
        driver: (driver) => ({
          async commit(operations, options) {
            const half = Math.ceil(operations.length / 2);
            const rest = operations.slice(half);
            if (!(await driver.commit(operations.slice(0, half), options))) return false;
            const { expect: _, ...unchecked }: CommitOptions<Uint8Array> = options;
            return driver.commit(rest, unchecked);
          },
        }),
      },
    },
    {
      name: "does not hold back what a barrier promises",
      fails: "crash-whole",
      because: /though \d+ were durable/,
      subject: {
        driver: (driver) => ({
          commit: (operations, options) =>
            driver.commit(operations, { ...options, durable: false }),
        }),
      },
    },
    {
      name: "does not write what was under way when it was closed",
      fails: "close-waits",
      because: /what was written as|close ended before|STORE_CLOSED|within/,
      subject: {
        store: (store) => {
          let isClosed = false;
          return {
            set: async (key, value, options) => {
              await Promise.resolve();
              return isClosed ? { skipped: [] } : store.set(key, value, options);
            },
            close: () => {
              isClosed = true;
              return store.close();
            },
          };
        },
      },
    },
    {
      name: "forgets that it was closed",
      fails: "closed",
      because: /no error instead of STORE_CLOSED/,
      subject: { store: () => ({ close: async () => undefined }) },
    },
    {
      name: "does not erase the history",
      fails: "destroyed",
      because: /after destroy/,
      subject: {
        store: (store) => ({
          destroy: async () => {
            for await (const { key } of store.keys()) await store.delete(key);
            await store.close();
          },
        }),
      },
    },
    {
      name: "says true of a key that was never set",
      fails: "any-calls",
      because: /the entries|update was given|the keys/,
      subject: {
        store: (store) => ({
          getMany: (async (keys: readonly Edn[]) => {
            const values = await store.getMany(keys);
            return values.map((value, i) => (keys[i] === keyword("a") ? null : value));
          }) as Store["getMany"],
        }),
      },
    },
  ];
}

/** Those that change what one method takes or gives. */
function simpleMutants(): Mutant<StoreCase, Fault>[] {
  type Simple = readonly [
    name: string,
    fails: StoreCase,
    because: RegExp,
    store: (store: Store) => Partial<Store>,
  ];
  const simple: readonly Simple[] = [
    [
      "claims less than it can",
      "capabilities",
      /the store says/,
      (store) => ({ capabilities: { ...store.capabilities, feed: false } }),
    ],
    ["has every key", "absent", /has of what is never is true/, () => ({ has: async () => true })],
    [
      "takes nil for nothing",
      "empty-values",
      /the value of 0/,
      (store) => withGet(store, async (key) => (await store.get(key)) ?? undefined),
    ],
    [
      "tells a list from a vector",
      "equal-keys",
      /the value under an equal key/,
      (store) => ({
        set: (key, value, options) => {
          return store.set(isKind(key, "list") ? "list" : key, value, options);
        },
      }),
    ],
    [
      "makes vectors of lists",
      "all-values",
      /the value: \[/,
      (store) =>
        withGet(store, async (key) => {
          const value = await store.get(key);
          return isKind(value, "list") ? value.items : value;
        }),
    ],
    [
      "cuts a text at 64 KiB",
      "large-values",
      /a text of 70000/,
      (store) =>
        withGet(store, async (key) => {
          const value = await store.get(key);
          return typeof value === "string" ? value.slice(0, 65_536) : value;
        }),
    ],
    [
      "forgets that bytes are binary",
      "metadata",
      /the metadata of bytes/,
      (store) => ({
        getMeta: async (key) => {
          const meta = await store.getMeta(key);
          return meta && { ...meta, type: "edn" };
        },
      }),
    ],
    [
      "gives bytes in another codec",
      "encoded-values",
      /binary bytes have another codec/,
      (store) => ({
        getMany: (async (keys: readonly Edn[]) => {
          const entries = await store.getMany(keys, { encoded: true });
          return entries.map((entry) => {
            return entry && { ...entry, value: { ...entry.value, codec: "plain" } };
          });
        }) as Store["getMany"],
      }),
    ],
    [
      "applies a commit from its end",
      "in-order",
      /what was set/,
      (store) => ({
        write: (operations, options) => store.write(operations.toReversed(), options),
      }),
    ],
    [
      "takes no lastWrite",
      "small-changes",
      /there was no commit/,
      (store) => ({
        write: (operations, options) => {
          const timeless = operations.map((operation) => ({ ...operation, lastWrite: undefined }));
          return store.write(timeless, options);
        },
      }),
    ],
    [
      "swallows misuse",
      "misuse",
      /no error instead of a TypeError/,
      (store) => ({
        write: (operations, options) =>
          store.write(operations, options).catch(() => ({ skipped: [] })),
      }),
    ],
    [
      "does not count pins",
      "pins",
      /letting go twice/,
      () => {
        const pinned = new Set<string>();
        return {
          pin: (keys) => {
            const ids = Array.from(keys, identity);
            for (const id of ids) pinned.add(id);
            return () => {
              for (const id of ids) pinned.delete(id);
            };
          },
          isPinned: (key) => pinned.has(identity(key)),
        };
      },
    ],
    [
      "forgets everything when it is closed",
      "reopened",
      /what was set: nothing/,
      (store) => {
        let closing: Promise<void> | undefined;
        return { close: () => (closing ??= store.destroy()) };
      },
    ],
    [
      "does not look at signals",
      "aborted",
      /get: no error instead of the reason/,
      (store) => withGet(store, (key) => store.get(key)),
    ],
    [
      "does not count commits",
      "read-many",
      /last is 0/,
      (store) => ({
        readMany: async (keys) => ({ ...(await store.readMany(keys)), last: 0 }),
      }),
    ],
    [
      "tells the first operation of a commit only",
      "events-tell",
      /what was told when write resolved/,
      (store) => ({
        onCommit: (listener) =>
          store.onCommit((commit) =>
            listener({ ...commit, operations: commit.operations.slice(0, 1) }),
          ),
      }),
    ],
    [
      "tells of the very value that it keeps",
      "events-owned",
      /the store has/,
      (store) => {
        const kept = Uint8Array.of(1);
        return {
          onCommit: (listener) =>
            store.onCommit((commit) => {
              const operations = commit.operations.map((fact) => ({ ...fact, value: kept }));
              listener({ ...commit, operations });
            }),
          ...withGet(store, async () => kept),
        };
      },
    ],
    [
      "does not say when something went",
      "tombstones",
      /it went at 5/,
      (store) => ({
        changes: async (after, options) => {
          const read = await store.changes(after, options);
          const rows = read.rows.map((row) => {
            return { ...row, operation: { ...row.operation, lastWrite: 5 } };
          });
          return { ...read, rows };
        },
      }),
    ],
    [
      "gives the whole feed at once",
      "limits",
      /more than the limit/,
      (store) => ({ changes: (after) => store.changes(after, { since: Infinity }) }),
    ],
    [
      "takes a position that is nil for none",
      "standings",
      /the standing|a position that is nil/,
      (store) => ({
        standing: async (storeId) => {
          const { position, ...standing } = (await store.standing(storeId)) ?? { position: null };
          if (!("revision" in standing)) return undefined;
          return position === null ? standing : { ...standing, position };
        },
      }),
    ],
    [
      "does not tell whose a commit is",
      "origin-told",
      /the origins of the events/,
      (store) => ({
        onCommit: (listener) =>
          store.onCommit(({ cursor, operations }) => listener({ cursor, operations })),
      }),
    ],
    [
      "puts records into its stage backwards",
      "stages",
      /record 0 is another/,
      (store) => ({
        stage: (storeId) => {
          const stage = store.stage(storeId);
          return {
            append: (records) => stage.append(records.toReversed()),
            read: () => stage.read(),
            clear: () => stage.clear(),
          };
        },
      }),
    ],
    [
      "remembers the feed",
      "openers-see-at-once",
      /last is not the other's/,
      (store) => {
        const feed = store.feed();
        return { feed: () => feed };
      },
    ],
  ];
  return simple.map(([name, fails, because, store]) => ({
    name,
    fails,
    because,
    subject: { store },
  }));
}

/** Another way to get values; reads that want them encoded stay as they are. */
function withGet(store: Store, get: (key: Edn) => Promise<Edn | undefined>): Partial<Store> {
  const either = (key: Edn, options?: ReadOptions | EncodedReadOptions) =>
    options !== undefined && "encoded" in options ? store.get(key, options) : get(key);
  return { get: either as Store["get"] };
}

/** A driver that does not look at what a commit expects. */
function withoutExpectation(driver: StoreDriver): Partial<StoreDriver> {
  return {
    commit: (operations: readonly DriverOperation<Uint8Array>[], { durable }) =>
      driver.commit(operations, { durable }),
  };
}

/** A store of which some methods are others. */
function altered(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const source: object = name in methods ? methods : target;
      const value: unknown = Reflect.get(source, name);
      return typeof value === "function" ? (value.bind(source) as unknown) : value;
    },
  });
}

function randomNumbers(): () => number {
  const random = new Random(7);
  return () => random.next();
}
