/** What is called of an abstract-level database, so that all of them fit and none is depended on. */

/**
 * An abstract-level 3 database: a `ClassicLevel`, `MemoryLevel`, `BrowserLevel`, or a sublevel of one.
 * Whatever its own encodings are, keys are written as UTF-8 and values as bytes.
 */
export interface LevelDatabase<Snapshot extends LevelSnapshot = LevelSnapshot> {
  readonly supports: { readonly explicitSnapshots?: boolean; readonly getSync?: boolean };
  /** Of a sublevel, the database that it is in. */
  readonly parent?: object | null;
  /** Resolves at once where it is open. */
  open(): Promise<void>;
  close(): Promise<void>;
  get(key: string, options: LevelReadOptions<Snapshot>): Promise<unknown>;
  /** Called where it is supported. */
  getSync(key: string, options: LevelReadOptions<Snapshot>): unknown;
  getMany(keys: string[], options: LevelReadOptions<Snapshot>): Promise<unknown[]>;
  iterator(options: LevelScanOptions<Snapshot>): { all(): Promise<[unknown, unknown][]> };
  batch(operations: LevelOperation[], options: LevelWriteOptions): Promise<void>;
  clear(): Promise<void>;
  snapshot(): Snapshot;
}

export interface LevelSnapshot {
  close(): Promise<void>;
}

export interface LevelReadOptions<Snapshot> {
  readonly keyEncoding: "utf8";
  readonly valueEncoding: "view";
  readonly snapshot?: Snapshot;
}

export interface LevelScanOptions<Snapshot> extends LevelReadOptions<Snapshot> {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt: string;
  readonly limit: number;
  readonly reverse: boolean;
}

export type LevelOperation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: string };

export interface LevelWriteOptions {
  readonly keyEncoding: "utf8";
  readonly valueEncoding: "view";
  /** Databases that know nothing of it take no notice. */
  readonly sync: true;
}
