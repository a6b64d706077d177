/** Follows a store of a Datahike server in a store of one's own, and prints what arrives. */
import type { Store } from "@datahike-sync/core";
import {
  authClient,
  type Connection,
  createClientPeer,
  follow,
  KABEL_SOCKET,
  type KabelPeer,
  PUBSUB_DIALECT,
  SYNC_DIALECT,
} from "@datahike-sync/transport-kabel";
import { wsDialer } from "@datahike-sync/transport-ws/client";
import { NodeWebSocket } from "@datahike-sync/transport-ws/server";
import { datahikeWalker } from "@datahike-sync/walker-datahike";
import { lineCodec, MAX_FRAME_BYTES } from "../codecs.ts";
import { run, say } from "../command.ts";
import { Arrivals } from "./arrivals.ts";
import { noLine, noMore } from "./complaints.ts";
import { openReplica } from "./replica.ts";
import { FOLLOW_USAGE, type FollowSettings, followSettings } from "./settings.ts";

await run(async (signal) => {
  const settings = followSettings(process.argv.slice(2), process.env);
  if (settings === undefined) return console.log(FOLLOW_USAGE);
  const { url, storeId, target, codec, token } = settings;
  await using store = await openReplica(settings);
  await using peer = createClientPeer({
    codecs: [lineCodec(codec)],
    maxFrameBytes: MAX_FRAME_BYTES,
    middleware: token === undefined ? undefined : authClient(token),
  });
  const connection = await connect(peer, settings, signal);
  say("following", `${storeId} at ${url}, into ${target.path}`);
  await followUntil(connection, store, settings, signal);
});

async function connect(
  peer: KabelPeer,
  settings: FollowSettings,
  signal: AbortSignal,
): Promise<Connection> {
  const dial = wsDialer(settings.url, {
    ...KABEL_SOCKET,
    WebSocket: NodeWebSocket,
    maxFrameBytes: MAX_FRAME_BYTES,
  });
  try {
    return await peer.connect(dial, { signal });
  } catch (error) {
    throw noLine(error, settings);
  }
}

/** Resolves when the signal aborts and what arrived is on disk. Rejects when there is no more to come. */
async function followUntil(
  connection: Connection,
  store: Store,
  settings: FollowSettings,
  signal: AbortSignal,
): Promise<void> {
  await using following = follow(connection, settings.storeId, store, {
    dialect: settings.dialect === "sync" ? SYNC_DIALECT : PUBSUB_DIALECT,
    walker: datahikeWalker(),
    signal,
  });
  following.on(new Arrivals(say));
  await new Promise<void>((resolve, reject) => {
    following.on({
      onStatus: ({ phase, error }) => {
        if (phase === "closed") resolve();
        if (error !== undefined && phase === "failed") reject(noMore(error, settings));
      },
    });
  });
}
