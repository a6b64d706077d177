/** How a remote call fails. */
import {
  type Edn,
  type ErrorDetails,
  isSyncError,
  type Keyword,
  keyword,
  SyncError,
} from "@datahike-sync/edn";

/**
 * A remote call that failed: a `SyncError` with code `REMOTE_ERROR`, and what the server says of it. A
 * served function that throws one chooses what its caller is told.
 */
export class RemoteError extends SyncError {
  /** What kind of failure, such as `:kabel.remote/unknown-function`, where the server says. */
  readonly type: Keyword | undefined;
  /** The `ex-data` of the server's exception, as far as it can be read. */
  readonly data: Edn | undefined;

  constructor(
    message: string,
    options: {
      readonly type?: Keyword | undefined;
      readonly data?: Edn | undefined;
      readonly details?: ErrorDetails | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    const { type, data, details, cause } = options;
    super("REMOTE_ERROR", message, { details: { type: type?.toString(), ...details }, cause });
    this.type = type;
    this.data = data;
  }
}

/** Of what kind those failures are that this layer itself tells or finds. */
export const REMOTE_FAILURES: {
  readonly unknownFunction: Keyword;
  readonly notAuthorized: Keyword;
  readonly wrongPeer: Keyword;
  readonly tooManyCalls: Keyword;
  /** No answer in time. The call may have run, or may yet. */
  readonly timeout: Keyword;
  /** The line ended before the answer. The call may have run. */
  readonly disconnected: Keyword;
} = {
  unknownFunction: keyword("kabel.remote/unknown-function"),
  notAuthorized: keyword("kabel.remote/not-authorized"),
  wrongPeer: keyword("kabel.remote/wrong-peer"),
  tooManyCalls: keyword("kabel.remote/too-many-calls"),
  timeout: keyword("kabel.remote/timeout"),
  disconnected: keyword("kabel.remote/disconnected"),
};

/** What a caller is told of a failure. */
export interface RemoteFailure {
  readonly message: string;
  readonly type?: Keyword | undefined;
  readonly data?: Edn | undefined;
}

/** What a caller may know of what a function threw: what it chose to tell, or a code, or nothing. */
export function failureOf(error: unknown): RemoteFailure {
  if (error instanceof RemoteError) {
    return { message: error.message, type: error.type, data: error.data };
  }
  if (isSyncError(error)) return { message: error.code };
  return { message: "INTERNAL" };
}
