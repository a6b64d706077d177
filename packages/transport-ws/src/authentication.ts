/** Who somebody is, as the application finds out. */
import type { IncomingHttpHeaders } from "node:http";

/** What is known of somebody who asks for a line. */
export interface AuthenticateRequest {
  /** From the header `Authorization: Bearer …`, or from the first frame, where browsers put it. */
  readonly token: string | undefined;
  /** For cookies, and what a proxy adds. */
  readonly headers: IncomingHttpHeaders;
  /** Path and query, as they were asked for. */
  readonly url: string;
  /** Of the other end of the socket, which may be a proxy's. */
  readonly address: string;
}

export interface Authentication {
  /** Becomes the line's `peer.principal`. */
  readonly principal: unknown;
  /** When the line is to be closed with `UNAUTHORIZED`, so that its dialer brings a newer token. */
  readonly expiresAt?: Date | undefined;
}

/** Says who somebody is. `undefined`, or what it throws, is a no. */
export type Authenticate = (
  request: AuthenticateRequest,
) => Authentication | undefined | Promise<Authentication | undefined>;

/** The answer, or `undefined` for a no; for none in time, too. Never rejects. */
export async function ask(
  authenticate: Authenticate,
  request: AuthenticateRequest,
  timeoutMs: number,
): Promise<Authentication | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    const answer = await Promise.race([authenticate(request), late]);
    return answer !== undefined && !isOver(answer.expiresAt) ? answer : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Calls back at a time of day, however far it is. Returns what prevents it. */
export function at(time: Date, job: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    if (isOver(time)) return job();
    // A longer timer would fire at once.
    timer = setTimeout(wait, Math.min(time.getTime() - Date.now(), MAX_TIMER_MS));
  };
  wait();
  return () => clearTimeout(timer);
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** A date that is none is over: who cannot say how long something is good is not believed that it is. */
function isOver(time: Date | undefined): boolean {
  return time !== undefined && !(time.getTime() > Date.now());
}
