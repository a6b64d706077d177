import { WebSocket } from "ws";
import type { WebSocketConstructor } from "./dialer.ts";

/** The WebSocket of `ws`, for dialers on Node 20, which has none of its own. */
export const NodeWebSocket: WebSocketConstructor = WebSocket;
