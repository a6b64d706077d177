/** Reading on one snapshot, also of a driver that has none. */
import type {
  CommitOptions,
  DriverKey,
  DriverOperation,
  DriverReader,
  StoreDriver,
} from "../store-driver.ts";

/**
 * Passes reads and commits on. For a driver without `read` it keeps them apart: commits wait for the
 * jobs that read, and later jobs for them. Commits are made one at a time.
 */
export class SnapshotGate<Row> {
  readonly #driver: StoreDriver<Row>;
  #reading = 0;
  #commit: Promise<void> | undefined;
  #idle: () => void = () => undefined;

  constructor(driver: StoreDriver<Row>) {
    this.#driver = driver;
  }

  /** One read is of one moment without a snapshot. */
  getMany(keys: readonly DriverKey[]): Promise<(Row | undefined)[]> {
    return this.#driver.getMany(keys);
  }

  /** Runs a job that waits for nothing but its own reads. */
  async read<T>(job: (snapshot: DriverReader<Row>) => Promise<T>): Promise<T> {
    if (this.#driver.read !== undefined) return this.#driver.read(job);
    while (this.#commit !== undefined) await this.#commit;
    this.#reading++;
    try {
      return await job(this.#driver);
    } finally {
      this.#reading--;
      if (this.#reading === 0) this.#idle();
    }
  }

  async commit(
    operations: readonly DriverOperation<Row>[],
    options: CommitOptions<Row>,
  ): Promise<boolean> {
    if (this.#driver.read !== undefined) return this.#driver.commit(operations, options);
    let done = () => undefined as void;
    this.#commit = new Promise<void>((resolve) => {
      done = resolve;
    });
    try {
      if (this.#reading > 0) {
        await new Promise<void>((resolve) => {
          this.#idle = resolve;
        });
      }
      return await this.#driver.commit(operations, options);
    } finally {
      this.#commit = undefined;
      done();
    }
  }
}
