/** Who the bearer of a token is. */
import { SyncError } from "@datahike-sync/edn";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { type Check, checkOf, type JwtIssuer } from "./issuer.ts";

/** What a token says, as its issuer wrote it. */
export type JwtClaims = Readonly<JWTPayload>;

/** Whose the line is, in the shape that the servers of lines take. */
export interface JwtAuthentication {
  /** All claims of the token. */
  readonly principal: JwtClaims;
  /** From when on the token is refused: its `exp`, and the tolerance. */
  readonly expiresAt: Date;
}

/**
 * Says who the bearer of a token is.
 *
 * @throws {SyncError} `UNAUTHORIZED` without a token or for one that is refused, with why in
 * `details.reason`; `RETRY_LATER` while the keys of its issuer are not to be had.
 */
export type JwtAuthenticator = (request: {
  readonly token?: string | undefined;
}) => Promise<JwtAuthentication>;

export interface JwtAuthenticatorOptions {
  /** Whose tokens are taken, each with an `issuer` of its own. */
  readonly issuers: readonly JwtIssuer[];
  /** How far the clocks of issuers may be from ours, in milliseconds. Default 5,000. */
  readonly clockToleranceMs?: number | undefined;
}

/** What holds where an option is not given. */
export const JWT_DEFAULTS: { readonly clockToleranceMs: number } = { clockToleranceMs: 5_000 };

/**
 * Takes signed tokens of these issuers, with `exp` and the issuer's audience. Which algorithm and which
 * keys belong to an issuer is said here, and never by a token.
 *
 * @throws {TypeError} when issuers are none, two of one name, or one is of no kind.
 * @throws {RangeError} when a secret is too short, or the tolerance is none.
 */
export function jwtAuthenticator(options: JwtAuthenticatorOptions): JwtAuthenticator {
  const { clockToleranceMs = JWT_DEFAULTS.clockToleranceMs } = options;
  if (!(clockToleranceMs >= 0 && clockToleranceMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError("clockToleranceMs is a time, at least 0");
  }
  const checks = new Map(options.issuers.map((issuer) => [issuer.issuer, checkOf(issuer)]));
  if (checks.size === 0) throw new TypeError("there are no issuers");
  if (checks.size < options.issuers.length) throw new TypeError("two issuers of one name");
  return async ({ token }) => {
    if (token === undefined || token === "") throw refused("no token");
    if (token.length > MAX_TOKEN_LENGTH) throw refused("too long");
    const claims = await verify(token, checks, clockToleranceMs / 1_000);
    const expiresAt = new Date((claims.exp ?? 0) * 1_000 + clockToleranceMs);
    return { principal: claims, expiresAt };
  };
}

/** More than any issuer puts in one; what is longer is not even parsed. */
const MAX_TOKEN_LENGTH = 65_536;

async function verify(
  token: string,
  checks: ReadonlyMap<string, Check>,
  clockTolerance: number,
): Promise<JWTPayload> {
  try {
    // What it says of itself only chooses who is asked; it is believed when that one has signed it.
    const issuer = decodeJwt(token).iss ?? "";
    const check = checks.get(issuer);
    if (check === undefined) throw refused("unknown issuer");
    const { key, algorithms, audience } = check;
    const rules = { issuer, audience, algorithms, clockTolerance, requiredClaims: ["exp"] };
    return (await jwtVerify(token, key, rules)).payload;
  } catch (error) {
    throw error instanceof SyncError ? error : failureOf(error);
  }
}

/** What became of a token, without anything of what it says. */
function failureOf(cause: unknown): SyncError {
  if (cause instanceof errors.JWTExpired) return refused("expired", cause);
  if (cause instanceof errors.JWTClaimValidationFailed)
    return refused(`claim ${cause.claim}`, cause);
  if (cause instanceof errors.JOSEAlgNotAllowed) return refused("algorithm", cause);
  if (cause instanceof errors.JWSSignatureVerificationFailed) return refused("signature", cause);
  if (cause instanceof errors.JWKSNoMatchingKey) return refused("unknown key", cause);
  if (cause instanceof errors.JWKSMultipleMatchingKeys) return refused("unknown key", cause);
  if (isOfKeySet(cause)) {
    return new SyncError("RETRY_LATER", "the keys of the issuer are not to be had", { cause });
  }
  return refused("malformed", cause);
}

/** Whether the key set failed, and not the token: its server is down, slow, or sends something else. */
function isOfKeySet(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  // `fetch` fails with a TypeError; that the answer was none, jose tells with its plainest error.
  if (error instanceof errors.JOSEError) return error.code === errors.JOSEError.code;
  return error instanceof TypeError;
}

function refused(reason: string, cause?: unknown): SyncError {
  return new SyncError("UNAUTHORIZED", "the token is refused", { details: { reason }, cause });
}
