/** @packageDocumentation Speaks with Clojure's kabel: frames, peers, topics, and stores that follow a Datahike server. */

export { authClient, type KabelTokenSource } from "./auth/client.ts";
export {
  AUTH_SERVER_DEFAULTS,
  type AuthServerOptions,
  authServer,
  type KabelAuthenticate,
  type KabelAuthenticateRequest,
  type KabelAuthentication,
} from "./auth/server.ts";
export { Connection } from "./connection.ts";
export { type CreatedDatabase, createDatabase, deleteDatabase } from "./datahike/databases.ts";
export {
  RemoteDatabase,
  type RemoteDatabaseOptions,
  type TransactOptions,
} from "./datahike/remote-database.ts";
export { type ReportEvent, type ReportListener, txReportTopic } from "./datahike/report-feed.ts";
export { maxTxOf, readTxReport, type TxReport } from "./datahike/tx-report.ts";
export { type FollowOptions, follow } from "./follow/follow.ts";
export type { Following, FollowListeners, FollowStatus, FollowStep } from "./follow/follower.ts";
export { FOLLOW_LIMITS, type FollowLimits } from "./follow/limits.ts";
export { FRAME_IDS, type Serialization } from "./frame-ids.ts";
export { type KabelLineOptions, kabelLine } from "./kabel-line.ts";
export { KABEL_SOCKET } from "./kabel-socket.ts";
export { type Link, type LinkEvent, linkOf } from "./link.ts";
export {
  compose,
  type MessageLine,
  type MessageListener,
  type Middleware,
  type Passage,
  through,
} from "./message-line.ts";
export {
  connect,
  createClientPeer,
  createServerPeer,
  KabelPeer,
  type PeerOptions,
} from "./peer.ts";
export { PUBSUB_DIALECT } from "./pubsub-dialect.ts";
export { REMOTE_FAILURES, RemoteError } from "./remote/remote-error.ts";
export type { CallOptions, RemoteCall } from "./remote/remote-line.ts";
export {
  type AuthorizeInvoke,
  REMOTE_DEFAULTS,
  type RemoteFunction,
  RemotePeer,
  type RemotePeerOptions,
} from "./remote/remote-peer.ts";
export type { TopicEvent } from "./serve/topic-event.ts";
export type {
  AuthorizePublish,
  ServedTopic,
  StoreTopicOptions,
  TopicAccess,
  TopicOptions,
  TopicPublication,
} from "./serve/topic-options.ts";
export { TopicServer, type TopicServerOptions } from "./serve/topic-server.ts";
export { itemOf, payloadOf, readChanges, readItem, type StoreChange } from "./store-changes.ts";
export { SYNC_DIALECT } from "./sync-dialect.ts";
export type {
  TopicDialect,
  TopicMessage,
  TopicPublish,
  TopicReply,
  TopicRequest,
  TopicState,
} from "./topic-message.ts";
export { type TopicListener, type TopicSubscription, Topics } from "./topics.ts";
