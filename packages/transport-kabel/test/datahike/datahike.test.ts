import { fressianCodec } from "@datahike-sync/codec-fressian";
import { type Edn, EdnMap, isSyncError, keyword, read, tagged, uuid } from "@datahike-sync/edn";
import { MemoryStore } from "@datahike-sync/store-memory";
import { ChannelServer } from "@datahike-sync/transport-channel";
import {
  createDatabase,
  deleteDatabase,
  KabelPeer,
  type Link,
  REMOTE_FAILURES,
  RemoteDatabase,
  RemoteError,
  RemotePeer,
  type ReportEvent,
  readTxReport,
  TopicServer,
  txReportTopic,
} from "@datahike-sync/transport-kabel";
import { describe, expect, onTestFinished, test } from "vitest";
import { texts } from "../serve/ends.ts";

const STORE = uuid("a1b2c3d4-e5f6-7890-abcd-ef1234567890");
const DB = keyword("db");

/** A server that answers as Datahike does, of which the test says what a transaction is. */
function serve() {
  const network = new ChannelServer();
  const codecs = [fressianCodec()];
  const peer = new KabelPeer({ codecs });
  const remote = new RemotePeer(peer);
  const topics = new TopicServer({ codec: fressianCodec() });
  topics.serve(peer);
  const reports = topics.registerTopic(txReportTopic(STORE));
  peer.serve(network);
  const calls: EdnMap[] = [];
  let tx = 536870912;
  remote.register("datahike.kabel/dispatch", (args) => {
    calls.push(args);
    const inner = args.get(keyword("arg-map"));
    const op = inner instanceof EdnMap ? texts([inner.get(keyword("op")) ?? null]).join() : "";
    if (op !== "transact!") return keyword(op);
    if (String(texts([args])).includes(":wrong")) {
      throw new RemoteError("Bad entity value", {
        data: read("{:error :transact/schema, :value 5}"),
      });
    }
    const report = reportOf(++tx);
    reports.publish(
      new EdnMap([
        [keyword("tx-report"), report],
        [keyword("store-id"), STORE],
        [keyword("request-id"), args.get(keyword("request-id")) ?? null],
      ]),
    );
    return report;
  });
  const client = new KabelPeer({ codecs });
  const caller = new RemotePeer(client);
  const link = client.link(network.dial);
  onTestFinished(async () => {
    await client.close();
    await topics.close();
    await peer.close();
  });
  return { remote, reports, calls, caller, link, network };
}

function reportOf(maxTx: number): Edn {
  const database = (tx: number) => new EdnMap([[keyword("max-tx"), tx]]);
  const report: [Edn, Edn][] = [
    [keyword("db-before"), database(maxTx - 1)],
    [keyword("db-after"), database(maxTx)],
    [keyword("tx-data"), [[1, keyword("name"), "x", maxTx, true]]],
    [keyword("tempids"), new EdnMap([["new", 7]])],
    [keyword("tx-meta"), new EdnMap()],
  ];
  return tagged("datahike.db.TxReport", new EdnMap(report));
}

async function upOf(link: Link): Promise<void> {
  await expect.poll(() => link.connection?.state).toBe("open");
}

describe("a transaction", () => {
  test("goes to the server as Datahike's writer sends it", async () => {
    const { caller, link, calls } = serve();
    const database = new RemoteDatabase({ remote: caller, to: link, storeId: STORE });
    const report = await database.transact([read('{:name "Ada"}')], {
      txMeta: new EdnMap([[keyword("by"), "me"]]),
    });
    expect(report).toMatchObject({ maxTx: 536870913, txMeta: new EdnMap() });
    expect(report.tempids.get("new")).toBe(7);
    expect(texts([...report.txData])).toEqual(['[1 :name "x" 536870913 true]']);
    const [call] = calls;
    expect(
      texts([call?.get(keyword("store-id")) ?? null, call?.get(keyword("arg-map")) ?? null]),
    ).toEqual([
      `#uuid "${STORE}"`,
      '{:op transact!, :args [{:tx-data [{:name "Ada"}], :tx-meta {:by "me"}}]}',
    ]);
  });

  test("is over when the replica has seen it, whichever of the two is there first", async () => {
    const { caller, link } = serve();
    const replica = await MemoryStore.open();
    const database = new RemoteDatabase({ remote: caller, to: link, storeId: STORE, replica });
    let isOver = false;
    const late = database.transact([]).then((report) => {
      isOver = true;
      return report;
    });
    await replica.set(DB, new EdnMap([[keyword("max-tx"), 536870912]]));
    await replica.set("other", 1);
    expect(isOver).toBe(false);
    await replica.set(DB, new EdnMap([[keyword("max-tx"), 536870913]]));
    expect((await late).maxTx).toBe(536870913);
    await replica.set(DB, new EdnMap([[keyword("max-tx"), 536870990]]));
    expect((await database.transact([])).maxTx).toBe(536870914);
  });

  test("that the replica does not see in time says that it was made", async () => {
    const { caller, link } = serve();
    const replica = await MemoryStore.open();
    const database = new RemoteDatabase({ remote: caller, to: link, storeId: STORE, replica });
    await upOf(link);
    const error: unknown = await database
      .transact([], { timeoutMs: 1_500 })
      .catch((reason: unknown) => reason);
    if (!(error instanceof RemoteError)) throw error;
    expect([error.type, error.details["maxTx"]]).toEqual([REMOTE_FAILURES.timeout, 536870913]);
    const abort = new AbortController();
    const reason = new Error("enough");
    const waiting = database.awaitTx(999999999, { signal: abort.signal });
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test("that is refused brings the server's data as EDN", async () => {
    const { caller, link } = serve();
    const database = new RemoteDatabase({ remote: caller, to: link, storeId: STORE });
    const error: unknown = await database
      .transact([keyword("wrong")])
      .catch((reason: unknown) => reason);
    expect(isSyncError(error, "REMOTE_ERROR")).toBe(true);
    if (!(error instanceof RemoteError)) throw error;
    expect([error.message, texts([error.data ?? null])]).toEqual([
      "Bad entity value",
      ["{:error :transact/schema, :value 5}"],
    ]);
  });

  test("of which the answer is no report is a violation, and other ops answer what they like", async () => {
    const { caller, link } = serve();
    const database = new RemoteDatabase({ remote: caller, to: link, storeId: STORE });
    expect(await database.dispatch("gc-storage!", [])).toBe(keyword("gc-storage!"));
    for (const answer of [
      "nil",
      "1",
      "{}",
      "#x 1",
      "{:db-before {} :db-after {}}",
      "{:db-after 1}",
    ]) {
      expect(() => readTxReport(read(answer)), answer).toThrow(
        expect.objectContaining({ code: "PROTOCOL_VIOLATION" }),
      );
    }
    const plain = readTxReport(read("{:db-before {} :db-after {:max-tx 5} :tx-data (1 2)}"));
    expect([plain.maxTx, plain.txData]).toEqual([5, [1, 2]]);
  });
});

describe("the reports of transactions", () => {
  test("tell which are one's own, on every line of a link", async () => {
    const { caller, link, reports, network } = serve();
    const database = new RemoteDatabase({ remote: caller, to: link, storeId: STORE });
    const told: ReportEvent[] = [];
    const errors: string[] = [];
    const stop = database.onTxReport({
      onReport: (event) => told.push(event),
      onError: (error) => errors.push(error.code),
    });
    const brief = () => told.map(({ report, isOwn }) => [report.maxTx, isOwn]);
    const publish = (maxTx: number) =>
      reports.publish(new EdnMap([[keyword("tx-report"), reportOf(maxTx)]]));
    await untilTold(publish, told);
    told.length = 0;
    await database.transact([]);
    publish(536870999);
    await expect.poll(brief).toEqual([
      [536870913, true],
      [536870999, false],
    ]);
    told.length = 0;
    await link.connection?.close();
    await untilTold(publish, told);
    reports.publish("no report");
    await expect.poll(() => errors).toEqual(["PROTOCOL_VIOLATION"]);
    stop();
    await database.close();
    expect(network.address).toBe("channel");
  });

  test("of a server that has none are an error", async () => {
    const { caller, link } = serve();
    const nowhere = uuid("00000000-0000-0000-0000-00000000beef");
    await using database = new RemoteDatabase({ remote: caller, to: link, storeId: nowhere });
    const errors: string[] = [];
    database.onTxReport({ onReport: () => undefined, onError: ({ code }) => errors.push(code) });
    await expect.poll(() => errors).toEqual(["STORE_NOT_FOUND"]);
  });
});

describe("databases", () => {
  test("are made and erased by their configuration, without the peer of a writer", async () => {
    const { remote, caller, link } = serve();
    const asked: Edn[] = [];
    for (const name of ["create-database", "delete-database"]) {
      remote.register(`datahike.kabel/${name}`, (args) => {
        asked.push(args);
        const config = args.get(keyword("config")) ?? null;
        return new EdnMap([
          [keyword("success"), true],
          [keyword("store-id"), STORE],
          ...(name === "create-database" ? ([[keyword("config"), config]] as const) : []),
        ]);
      });
    }
    const config = read(
      `{:store {:backend :mem :id #uuid "${STORE}"} :writer {:backend :kabel :local-peer "an object"}}`,
    );
    if (!(config instanceof EdnMap)) throw new Error("no map");
    const made = await createDatabase(caller, link, config);
    expect(String(made.storeId)).toBe(String(STORE));
    expect(texts([made.config])).toEqual([
      `{:store {:backend :mem, :id #uuid "${STORE}"}, :writer {:backend :kabel}}`,
    ]);
    expect(String(await deleteDatabase(caller, link, config))).toBe(String(STORE));
    expect(asked.length).toBe(2);
    expect(texts(asked).join()).not.toContain("local-peer");
  });

  test("of a server with other answers are a violation", async () => {
    const { remote, caller, link } = serve();
    const answers: Edn[] = [null, new EdnMap(), new EdnMap([[keyword("config"), new EdnMap()]])];
    remote.register("datahike.kabel/create-database", () => answers.shift() ?? null);
    for (let i = 0; i < 3; i++) {
      await expect(createDatabase(caller, link, new EdnMap())).rejects.toMatchObject({
        code: "PROTOCOL_VIOLATION",
      });
    }
  });
});

/** Publishes until the subscription is there, which nobody tells. */
async function untilTold(
  publish: (maxTx: number) => void,
  told: readonly unknown[],
): Promise<void> {
  await expect
    .poll(() => {
      if (told.length === 0) publish(1);
      return told.length;
    })
    .toBeGreaterThan(0);
}
