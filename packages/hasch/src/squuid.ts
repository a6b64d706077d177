/** UUIDs that sort by the time they were made. */
import { randomUuid, Uuid } from "@datahike-sync/edn";

/**
 * A UUID whose first 32 bits are the seconds since the epoch and whose others are those of `source`,
 * as `hasch.core/squuid` makes them. Default: of a random UUID.
 */
export function squuid(source: Uuid = randomUuid()): Uuid {
  const [, b, c, d] = source.words;
  return new Uuid(Math.floor(Date.now() / 1000), b, c, d);
}
