/** How the end of a line is spelled in the closing handshake of a WebSocket, both ways. */
import { SyncError, type TransportClose } from "@datahike-sync/core";
import type { Farewell, PipeEnd } from "./pipe.ts";

/**
 * The numbers of codes with which a side closes a line in order. A side whose line breaks with one says
 * {@link BROKEN} more; a code that is not here is {@link OTHER} and stands first in the reason.
 */
export const CLOSE_NUMBERS: Readonly<Record<string, number>> = {
  UNAUTHORIZED: 4001,
  RETRY_LATER: 4002,
  PROTOCOL_VIOLATION: 4003,
  UNKNOWN_MESSAGE: 4004,
  UNKNOWN_CODEC: 4005,
  FRAME_TOO_LARGE: 4006,
  LIMIT_EXCEEDED: 4007,
  ACK_TIMEOUT: 4008,
  HEARTBEAT_TIMEOUT: 4009,
  INTERNAL: 4010,
};

/** The number of a line that ended without a closing handshake. */
export const NO_HANDSHAKE = 1006;

/** What to say when a line is closed in order. */
export function farewellOf(code: string | undefined, reason = ""): Farewell {
  if (code === undefined) return { number: NORMAL, reason: cut(reason) };
  const number = CLOSE_NUMBERS[code];
  if (number !== undefined) return { number, reason: cut(reason) };
  return { number: OTHER, reason: cut(reason === "" ? code : `${code} ${reason}`) };
}

/** What to say when a line breaks here. The reason is nobody else's business. */
export function failureOf(code: string): Farewell {
  const { number, reason } = farewellOf(code);
  return { number: number + BROKEN, reason };
}

/** How a line ended that the other side ended, or that broke. */
export function closeOf({ number, reason }: PipeEnd): TransportClose {
  if (number === NO_HANDSHAKE) return { error: broken() };
  if (number === NORMAL || number === GOING_AWAY || number === NO_NUMBER) return said(reason);
  if (number === OTHER) return ownCode(reason);
  if (number === OTHER + BROKEN) return { error: broken(), ...ownCode(reason) };
  const code = CODES.get(number);
  if (code !== undefined) return { code, ...said(reason) };
  const fault = CODES.get(number - BROKEN) ?? STANDARD_FAULTS[number];
  return { error: broken(), ...(fault !== undefined && { code: fault }), ...said(reason) };
}

/** The error of a line that ended and that nobody closed, given what its WebSocket said. */
export function broken(cause?: unknown): SyncError {
  const fault = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (fault === TOO_LARGE) {
    return new SyncError("FRAME_TOO_LARGE", "a message larger than maxFrameBytes", { cause });
  }
  if (fault.startsWith("WS_ERR_")) {
    return new SyncError("PROTOCOL_VIOLATION", "what came is no WebSocket's", { cause });
  }
  return new SyncError("TRANSPORT_CLOSED", "the line broke", { cause });
}

/** How `ws` calls it. */
const TOO_LARGE = "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";

const NORMAL = 1000;
/** A page that was left, a server that stops. */
const GOING_AWAY = 1001;
/** Of a closing handshake that names none. */
const NO_NUMBER = 1005;
const OTHER = 4000;
const BROKEN = 100;
const MAX_REASON_BYTES = 123;

const CODES: ReadonlyMap<number, string> = new Map([
  ...Object.entries(CLOSE_NUMBERS).map(([code, number]) => [number, code] as const),
  // What servers and proxies say that restart or are too busy.
  [1012, "RETRY_LATER"],
  [1013, "RETRY_LATER"],
]);

/** What other implementations, and proxies, say of themselves or of us. */
const STANDARD_FAULTS: Readonly<Record<number, string>> = {
  1002: "PROTOCOL_VIOLATION",
  1003: "PROTOCOL_VIOLATION",
  1007: "PROTOCOL_VIOLATION",
  1008: "UNAUTHORIZED",
  1009: "FRAME_TOO_LARGE",
  1011: "INTERNAL",
};

function said(reason: string): TransportClose {
  return reason === "" ? {} : { reason };
}

function ownCode(text: string): TransportClose {
  const [, code, reason = ""] = /^([A-Z][A-Z0-9_]*)(?: (.*))?$/s.exec(text) ?? [];
  return code === undefined ? said(text) : { code, ...said(reason) };
}

/** As much of a text as a closing handshake takes, without half a character at its end. */
function cut(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= MAX_REASON_BYTES) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_REASON_BYTES));
  return text.slice(0, read);
}
