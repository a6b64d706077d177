/** Serves a konserve folder of a Datahike database to Clojure clients, and tells who comes. */
import { timingSafeEqual } from "node:crypto";
import {
  authServer,
  createServerPeer,
  KABEL_SOCKET,
  type KabelAuthenticate,
  TopicServer,
} from "@datahike-sync/transport-kabel";
import { listen, type WsServer } from "@datahike-sync/transport-ws/server";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { lineCodec, MAX_FRAME_BYTES, storeCodec } from "../codecs.ts";
import { aborted, run, say } from "../command.ts";
import { Complaint, wordsOf } from "../complaint.ts";
import { openDatabase, storeIdOf } from "./database.ts";
import { SERVE_USAGE, type ServeSettings, serveSettings } from "./settings.ts";
import { Visitors } from "./visitors.ts";

await run(async (signal) => {
  const settings = serveSettings(process.argv.slice(2), process.env);
  if (settings === undefined) return console.log(SERVE_USAGE);
  const { path, codec, token } = settings;
  const walker = datahikeWalker();
  await using store = await openDatabase(path, walker);
  const storeId = settings.storeId ?? (await storeIdOf(store));
  await using server = await listenAt(settings);
  await using peer = createServerPeer(server, {
    codecs: [lineCodec(codec)],
    maxFrameBytes: MAX_FRAME_BYTES,
    middleware: token === undefined ? undefined : authServer({ authenticate: holdersOf(token) }),
  });
  // Of values on their way from the folder: Datahike's own folders are Fressian.
  await using topics = new TopicServer({ codec: storeCodec("fressian") });
  topics.registerStore(store, storeId, { walker });
  topics.serve(peer);
  const visitors = new Visitors(say);
  peer.onConnection(visitors.onConnection);
  topics.onEvent(visitors.onEvent);
  say("serving", `${storeId} from ${path} at ${server.address}, in ${codec}`);
  await aborted(signal);
});

/** @throws {Complaint} when the port is not to be had. */
async function listenAt({ host, port }: ServeSettings): Promise<WsServer> {
  try {
    return await listen({ host, port, ...KABEL_SOCKET, maxFrameBytes: MAX_FRAME_BYTES });
  } catch (cause) {
    const words = `port ${port} of ${host} is not to be had: give another --port or --host`;
    throw new Complaint("failed", `${words} (${wordsOf(cause)})`, cause);
  }
}

/** Knows whoever says the token. */
function holdersOf(token: string): KabelAuthenticate {
  const expected = Buffer.from(token);
  return ({ token: given = "" }) => {
    const said = Buffer.from(given);
    const isSame = said.length === expected.length && timingSafeEqual(said, expected);
    return isSame ? { principal: "client" } : undefined;
  };
}
