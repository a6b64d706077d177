/** The ways to read a real Datahike store, each beside what it stands on. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cborHandlers, fressianHandlers, openIndex } from "@datahike-sync/btset";
import { cborCodec } from "@datahike-sync/codec-cbor";
import { fressianCodec } from "@datahike-sync/codec-fressian";
import { transitCodec } from "@datahike-sync/codec-transit";
import type { EncodedEntry } from "@datahike-sync/core";
import { type Edn, isKind, keyword, print, read } from "@datahike-sync/edn";
import { unpackStore } from "@datahike-sync/fixtures";
import { uuid } from "@datahike-sync/hasch";
import { FileStore } from "@datahike-sync/store-file";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { type MeasureOptions, measure, type Row, type Workload } from "./measure.ts";
import { toPlain } from "./plain.ts";

/** Times decoding, walking, iterating and naming what the bundled store holds. */
export async function measureReading(options: MeasureOptions): Promise<Row[]> {
  await using unpacked = await unpackStore("datahike-0.8/medium");
  const rows: Row[] = [];
  for (const work of await workloads(unpacked.path)) rows.push(...(await measure(work, options)));
  return rows;
}

async function workloads(path: string): Promise<Workload[]> {
  const codec = fressianCodec({ handlers: fressianHandlers() });
  const store = await FileStore.open({ path, codec, readOnly: true });
  const keys: Edn[] = [];
  for await (const { key } of store.keys()) keys.push(key);
  const entries = (await store.getMany(keys, { encoded: true })).filter(isPresent);
  const values = entries.map(({ value }) => value.decode());
  const bytes = entries.map(({ value }) => value.bytes);
  const json = values.map((value) => JSON.stringify(toPlain(value)));
  const edn = values.map((value) => print(value));
  const cbor = cborCodec({ handlers: cborHandlers() });
  const cbors = values.map((value) => cbor.encode(value));
  const transit = transitCodec({ format: "json" });
  const transits = values.map((value) => transit.encode(value));
  const transitTexts = transits.map((encoded) => new TextDecoder().decode(encoded));
  const transitTrees = transitTexts.map((text): unknown => JSON.parse(text));
  const reached: Edn[] = [];
  for await (const { key } of datahikeWalker().walk(store)) reached.push(key);
  const record = await store.get(keyword("db"));
  if (!isKind(record, "map")) throw new Error("the bundled store has no database");
  const eavt = record.get(keyword("eavt-key")) ?? null;

  return [
    {
      workload: "decode values",
      unit: "bytes",
      amount: total(bytes),
      contenders: [
        { system: "JSON.parse of them", run: () => json.map((text) => JSON.parse(text)) },
        { system: "codec-fressian", run: () => bytes.map((encoded) => codec.decode(encoded)) },
      ],
    },
    {
      workload: "encode values",
      unit: "bytes",
      amount: total(bytes),
      contenders: [
        { system: "codec-fressian", run: () => values.map((value) => codec.encode(value)) },
      ],
    },
    {
      workload: "decode cbor",
      unit: "bytes",
      amount: total(cbors),
      contenders: [
        { system: "codec-fressian of them", run: () => bytes.map((other) => codec.decode(other)) },
        { system: "codec-cbor", run: () => cbors.map((encoded) => cbor.decode(encoded)) },
      ],
    },
    {
      workload: "encode cbor",
      unit: "bytes",
      amount: total(cbors),
      contenders: [
        { system: "codec-fressian of them", run: () => values.map((value) => codec.encode(value)) },
        { system: "codec-cbor", run: () => values.map((value) => cbor.encode(value)) },
      ],
    },
    {
      workload: "read text",
      unit: "bytes",
      amount: total(edn),
      contenders: [
        { system: "JSON.parse of the same", run: () => json.map((text) => JSON.parse(text)) },
        { system: "edn", run: () => edn.map((text) => read(text)) },
      ],
    },
    {
      workload: "decode transit",
      unit: "bytes",
      amount: total(transits),
      contenders: [
        {
          system: "JSON.parse of the same",
          run: () => transitTexts.map((text) => JSON.parse(text)),
        },
        { system: "codec-transit", run: () => transits.map((encoded) => transit.decode(encoded)) },
      ],
    },
    {
      workload: "encode transit",
      unit: "bytes",
      amount: total(transits),
      contenders: [
        {
          system: "JSON.stringify of the same",
          run: () => transitTrees.map((tree) => JSON.stringify(tree)),
        },
        { system: "codec-transit", run: () => values.map((value) => transit.encode(value)) },
      ],
    },
    {
      workload: "copy what is reachable",
      unit: "keys",
      amount: reached.length,
      contenders: [
        { system: "reading the files", run: () => readFiles(path, reached) },
        { system: "walk and read", run: () => walkAndRead(store) },
      ],
    },
    {
      workload: "iterate an index",
      unit: "datoms",
      amount: await countDatoms(store, eavt),
      contenders: [{ system: "btset", run: () => countDatoms(store, eavt) }],
    },
    {
      workload: "name files",
      unit: "keys",
      amount: keys.length,
      contenders: [{ system: "hasch", run: () => keys.map((key) => uuid(key)) }],
    },
  ];
}

function readFiles(path: string, keys: readonly Edn[]): Promise<Uint8Array[]> {
  return Promise.all(keys.map((key) => readFile(join(path, `${String(uuid(key))}.ksv`))));
}

async function walkAndRead(store: FileStore): Promise<number> {
  let count = 0;
  let batch: Edn[] = [];
  for await (const { key } of datahikeWalker().walk(store)) {
    if (batch.push(key) < 64) continue;
    count += (await store.getMany(batch, { encoded: true })).length;
    batch = [];
  }
  return count + (await store.getMany(batch, { encoded: true })).length;
}

async function countDatoms(store: FileStore, handle: Edn): Promise<number> {
  let count = 0;
  for await (const chunk of openIndex(store, handle).chunks()) count += chunk.length;
  return count;
}

function isPresent(entry: EncodedEntry | undefined): entry is EncodedEntry {
  return entry !== undefined;
}

function total(items: readonly { readonly length: number }[]): number {
  return items.reduce((sum, { length }) => sum + length, 0);
}
