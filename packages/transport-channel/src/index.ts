/** @packageDocumentation A line between two ends in one process, with faults on demand. */
export { type ChannelEnd, createChannel } from "./channel.ts";
export { CHANNEL_DEFAULTS, type ChannelOptions } from "./channel-options.ts";
export { type ChannelDialer, ChannelServer } from "./channel-server.ts";
