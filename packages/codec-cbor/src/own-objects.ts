/** What the format's own names under tag 27 make of the value behind them. */

import { type Budget, isCostlyKey } from "@datahike-sync/core/codec-cost";
import { invalid } from "@datahike-sync/core/codec-failure";
import { char, type Edn, EdnSet, isKind, numberArray } from "@datahike-sync/edn";
import type { Content } from "./scalars.ts";
import {
  BOOLEAN_ARRAY,
  CHAR,
  OBJECT_ARRAY,
  QUEUE,
  SORTED_MAP,
  SORTED_SET,
  WITH_META,
} from "./tags.ts";

/**
 * What is sorted, or a queue, is equal to what is not, and so are values with and without metadata.
 *
 * @throws {SyncError} `CODEC_INVALID` when the value is not what the name announces.
 */
export function readOwnObject(name: string, content: Content, budget: Budget): Edn {
  const { value, start } = content;
  switch (name) {
    case CHAR:
      if (typeof value === "string" && value.length === 1) return char(value);
      break;
    case SORTED_MAP:
      if (isKind(value, "map")) return value;
      break;
    case SORTED_SET:
      return setOf(itemsOf(content), content, budget);
    case QUEUE:
      return itemsOf(content);
    case WITH_META: {
      const [meta, object, ...rest] = itemsOf(content);
      if (isKind(meta, "map") && object !== undefined && rest.length === 0) return object;
      break;
    }
    case BOOLEAN_ARRAY: {
      const items = itemsOf(content);
      if (items.every((item) => typeof item === "boolean")) return numberArray("boolean", items);
      break;
    }
    case OBJECT_ARRAY:
      return numberArray("object", itemsOf(content));
  }
  throw invalid("a name before a value of another kind", start, { name });
}

/** The set of these items, which were read as those of an array. */
function setOf(items: readonly Edn[], { start, bytes }: Content, budget: Budget): Edn {
  for (const _ of items) budget.key(start);
  // How many of the bytes are those of costly ones is not known any more.
  if (items.some(isCostlyKey)) budget.costlyKey(bytes, start);
  const set = new EdnSet(items);
  if (set.size < items.length) throw invalid("an item that is twice in a set", start);
  return set;
}

function itemsOf({ value, start }: Content): readonly Edn[] {
  if (!Array.isArray(value)) throw invalid("a name of items before something else", start);
  return value as readonly Edn[];
}
