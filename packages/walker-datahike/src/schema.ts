import { type Attribute, missingNode, NodePath, type NodeSource } from "@datahike-sync/btset";
import {
  type Edn,
  type EdnMap,
  identity,
  type Keyword,
  keyword,
  kindOf,
  SyncError,
} from "@datahike-sync/edn";
import { type DbRecord, isSet } from "./db-record.ts";

/** Reads the schemas of records, each once: most commits have that of the one before. */
export class Schemas {
  readonly #source: NodeSource;
  readonly #read = new Map<string, EdnMap>();

  constructor(source: NodeSource) {
    this.#source = source;
  }

  /**
   * The attributes of a record whose values are keys of this store, as they stand in its datoms.
   *
   * @throws {SyncError} `NODE_MISSING` when the schema is not there, `CODEC_INVALID` when it is none.
   */
  async storeRefAttributes(record: DbRecord, signal?: AbortSignal): Promise<readonly Attribute[]> {
    const meta = await this.#schemaOf(record, signal);
    const refs = isSet(record.fields, ATTRIBUTE_REFS) ? mapOf(meta.get(IDENT_REF_MAP)) : undefined;
    const attributes: Attribute[] = [];
    for (const [ident, attribute] of mapOf(meta.get(SCHEMA)) ?? []) {
      // The schema also maps entity ids to idents.
      if (kindOf(ident) !== "keyword" || mapOf(attribute)?.get(VALUE_TYPE) !== STORE_REF) continue;
      const stored = refs === undefined ? (ident as Keyword) : refs.get(ident);
      if (typeof stored === "number" || stored === ident) attributes.push(stored as Attribute);
    }
    return attributes;
  }

  async #schemaOf({ path, fields, schemaKey }: DbRecord, signal?: AbortSignal): Promise<EdnMap> {
    if (schemaKey === undefined) return fields;
    const key = identity(schemaKey);
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const schemaPath = new NodePath(schemaKey, path);
    const value = await this.#source.get(schemaKey, { signal });
    if (value === undefined) throw missingNode(schemaPath);
    const schema = mapOf(value);
    if (schema === undefined) {
      throw new SyncError("CODEC_INVALID", `${kindOf(value)} instead of a schema`, {
        details: { path: schemaPath.toSteps() },
      });
    }
    this.#read.set(key, schema);
    return schema;
  }
}

const ATTRIBUTE_REFS: Keyword = keyword("attribute-refs?");
const IDENT_REF_MAP: Keyword = keyword("ident-ref-map");
const SCHEMA: Keyword = keyword("schema");
const VALUE_TYPE: Keyword = keyword("db/valueType");
const STORE_REF: Keyword = keyword("db.type/store-ref");

function mapOf(value: Edn | undefined): EdnMap | undefined {
  return kindOf(value) === "map" ? (value as EdnMap) : undefined;
}
