/** Index nodes and root handles, of both generations of Datahike's stores. */
import {
  type Edn,
  type EdnMap,
  type Extension,
  type Keyword,
  keyword,
  kindOf,
  SyncError,
  type Tagged,
} from "@datahike-sync/edn";
import { itemsOf } from "./sequence.ts";

/** The order of a persisted set; the letters say which component is compared first. */
export type IndexType = "eavt" | "aevt" | "avet";

/** What a store of persistent sorted sets holds under its keys and in its pointers. */
export type TreeNode = Leaf | Branch;

/** No tree is higher. Halving at each level, it would hold more than 64 bits can count. */
export const MAX_LEVEL = 64;

abstract class Stored implements Extension {
  readonly #edn: Tagged;

  constructor(edn: Tagged) {
    this.#edn = edn;
  }

  get ednKind(): "extension" {
    return "extension";
  }

  get identity(): string {
    return this.#edn.identity;
  }

  /** The very value that was read, unknown fields included: writing it again gives the same bytes. */
  toEdn(): Tagged {
    return this.#edn;
  }
}

/** A node of level 0: items in order. */
export class Leaf extends Stored {
  readonly keys: readonly Edn[];

  /** @throws {SyncError} `CODEC_INVALID` when `edn` is no leaf. */
  constructor(edn: Tagged) {
    super(edn);
    const fields = fieldsOf(edn);
    this.keys = sequenceOf(edn, fields, KEYS);
    const level = fields.get(LEVEL) ?? 0;
    if (level !== 0) throw invalidNode(edn, "a leaf of another level than 0");
  }

  get level(): 0 {
    return 0;
  }
}

/** A node above the leaves: the addresses of its children, and the largest item below each. */
export class Branch extends Stored {
  /** At least 1; its children are of the next lower level. */
  readonly level: number;
  readonly keys: readonly Edn[];
  /** As many as keys, and at least one. */
  readonly addresses: readonly Edn[];
  /** Changes to children that are not written yet, by child. */
  readonly slots: EdnMap | undefined;
  /** Whether this tree holds such changes back: then its keys may differ from its children's. */
  readonly buffered: boolean;

  /**
   * @throws {SyncError} `CODEC_INVALID` when `edn` is no branch, `CODEC_LIMIT` above
   * {@link MAX_LEVEL}.
   */
  constructor(edn: Tagged) {
    super(edn);
    const fields = fieldsOf(edn);
    this.level = levelOf(edn, fields);
    this.keys = sequenceOf(edn, fields, KEYS);
    this.addresses = sequenceOf(edn, fields, ADDRESSES);
    const { length } = this.addresses;
    if (length === 0) throw invalidNode(edn, "a branch without children");
    if (length !== this.keys.length) {
      throw invalidNode(edn, `${this.keys.length} keys for ${length} addresses`);
    }
    if (this.addresses.includes(null)) throw invalidNode(edn, "a child without address");
    this.slots = slotsOf(edn, fields);
    const size = fields.get(DIFF_BUF_SIZE);
    this.buffered = this.slots !== undefined || (typeof size === "number" && size > 0);
  }
}

/** What a pointer holds of a tree: the address of its root, and how it is ordered. */
export class RootHandle extends Stored {
  readonly address: Edn;
  /** How many items the tree holds, where that is known. */
  readonly count: number | undefined;
  /** Absent in sets that are not Datahike's. */
  readonly index: IndexType | undefined;

  /** @throws {SyncError} `CODEC_INVALID` when `edn` is no root handle. */
  constructor(edn: Tagged) {
    super(edn);
    const fields = fieldsOf(edn);
    const address = fields.get(ADDRESS) ?? null;
    if (address === null) throw invalidNode(edn, "a root without address");
    this.address = address;
    const count = fields.get(COUNT);
    this.count = typeof count === "number" && count >= 0 ? count : undefined;
    this.index = indexOf(fields);
  }
}

/**
 * The node that a value stands for: itself, or the tagged map that a codec without our readers made
 * of it. `undefined` for any other value.
 *
 * @throws {SyncError} `CODEC_INVALID` for a malformed node.
 */
export function toNode(value: Edn | undefined): TreeNode | RootHandle | undefined {
  if (value instanceof Stored) return value as TreeNode | RootHandle;
  const kind = kindOf(value);
  if (kind === "tagged") return nodeOf(value as Tagged);
  if (kind !== "extension") return undefined;
  // A node of another copy of this package gives its tagged map.
  const plain = (value as Extension).toEdn();
  return kindOf(plain) === "tagged" ? nodeOf(plain as Tagged) : undefined;
}

/** The tags of nodes, each with what it makes: the names are the same in Fressian and in CBOR. */
export const NODE_CLASSES: Readonly<Record<string, new (edn: Tagged) => TreeNode | RootHandle>> = {
  "pss/leaf": Leaf,
  "pss/branch": Branch,
  "pss/set": RootHandle,
  "datahike.index.PersistentSortedSet": RootHandle,
  "datahike.index.PersistentSortedSet.Leaf": Leaf,
  "datahike.index.PersistentSortedSet.Branch": Branch,
};

/** A `CODEC_INVALID` that says which node of which tag has what problem. */
function invalidNode(edn: Tagged, problem: string): SyncError {
  return new SyncError("CODEC_INVALID", `malformed index node: ${problem}`, {
    details: { tag: edn.tag },
  });
}

const KEYS: Keyword = keyword("keys");
const LEVEL: Keyword = keyword("level");
const ADDRESSES: Keyword = keyword("addresses");
const ADDRESS: Keyword = keyword("address");
const SLOTS: Keyword = keyword("slots");
const DIFF_BUF_SIZE: Keyword = keyword("diff-buf-size");
const COUNT: Keyword = keyword("count");
const META: Keyword = keyword("meta");
const INDEX_TYPE: Keyword = keyword("index-type");

function nodeOf(edn: Tagged): TreeNode | RootHandle | undefined {
  const made = Object.hasOwn(NODE_CLASSES, edn.tag) ? NODE_CLASSES[edn.tag] : undefined;
  return made === undefined ? undefined : new made(edn);
}

function fieldsOf(edn: Tagged): EdnMap {
  const [fields] = edn.fields;
  if (edn.fields.length !== 1 || kindOf(fields) !== "map") throw invalidNode(edn, "not one map");
  return fields as EdnMap;
}

/** Vectors in newer stores, raw lists in older ones. */
function sequenceOf(edn: Tagged, fields: EdnMap, name: Keyword): readonly Edn[] {
  const value = fields.get(name);
  const items = itemsOf(value);
  if (items === undefined) throw invalidNode(edn, `${name.name} of kind ${kindOf(value)}`);
  return items;
}

function levelOf(edn: Tagged, fields: EdnMap): number {
  const level = fields.get(LEVEL);
  if (typeof level !== "number" || !Number.isSafeInteger(level) || level < 1) {
    throw invalidNode(edn, "a branch without a level of at least 1");
  }
  if (level > MAX_LEVEL) {
    throw new SyncError("CODEC_LIMIT", "an index tree that is too high", {
      details: { limit: "MAX_LEVEL", level },
    });
  }
  return level;
}

function slotsOf(edn: Tagged, fields: EdnMap): EdnMap | undefined {
  const slots = fields.get(SLOTS) ?? null;
  if (slots === null) return undefined;
  if (kindOf(slots) !== "map") throw invalidNode(edn, `slots of kind ${kindOf(slots)}`);
  return (slots as EdnMap).size === 0 ? undefined : (slots as EdnMap);
}

function indexOf(fields: EdnMap): IndexType | undefined {
  const meta = fields.get(META);
  const type = kindOf(meta) === "map" ? (meta as EdnMap).get(INDEX_TYPE) : undefined;
  if (type === keyword("eavt")) return "eavt";
  if (type === keyword("aevt")) return "aevt";
  return type === keyword("avet") ? "avet" : undefined;
}
