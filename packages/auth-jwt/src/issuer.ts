/** Whose tokens are taken, and by which keys they are checked. */
import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";

export type JwtIssuer = SecretIssuer | KeySetIssuer;

interface AnyIssuer {
  /** The claim `iss` of its tokens, to the letter. */
  readonly issuer: string;
  /** The claim `aud` must name this, or one of these. */
  readonly audience: string | readonly string[];
}

/** Signs with a secret that it shares with us, in HS256. */
export interface SecretIssuer extends AnyIssuer {
  /** At least 32 bytes; of a text, those of its UTF-8. */
  readonly secret: string | Uint8Array;
}

/** Signs with keys whose public halves it publishes, as those who serve OpenID Connect do. */
export interface KeySetIssuer extends AnyIssuer {
  /** Where its JSON Web Key Set is: `https:`, or `http:` of this machine. */
  readonly jwks: string | URL;
  /** With which algorithms it signs; tokens of others are refused, whatever keys there are. */
  readonly algorithms: readonly ("RS256" | "ES256")[];
}

/** How the tokens of an issuer are checked. */
export interface Check {
  readonly audience: string | string[];
  readonly algorithms: string[];
  readonly key: JWTVerifyGetKey;
}

/** How long it takes at most to fetch a key set, in milliseconds. */
const JWKS_TIMEOUT_MS = 5_000;

/**
 * How the tokens of an issuer are checked.
 *
 * @throws {TypeError} when the issuer is none, or could be taken for another kind.
 * @throws {RangeError} when its secret is too short.
 */
export function checkOf(issuer: JwtIssuer): Check {
  const audience =
    typeof issuer.audience === "string" ? issuer.audience : Array.from(issuer.audience);
  // An empty list would take tokens that are meant for nobody, and for everybody.
  if (audience.length === 0) throw new TypeError("an issuer needs an audience");
  if (isSecret(issuer)) {
    const secret = secretOf(issuer.secret);
    return { audience, algorithms: ["HS256"], key: () => secret };
  }
  const algorithms: string[] = Array.from(issuer.algorithms);
  if (algorithms.length === 0 || !algorithms.every((name) => PUBLIC_ALGORITHMS.includes(name))) {
    throw new TypeError(`algorithms of a key set are ${PUBLIC_ALGORITHMS.join(" and ")}`);
  }
  const key = createRemoteJWKSet(addressOf(issuer.jwks), { timeoutDuration: JWKS_TIMEOUT_MS });
  return { audience, algorithms, key };
}

const PUBLIC_ALGORITHMS: readonly string[] = ["RS256", "ES256"];

function isSecret(issuer: JwtIssuer): issuer is SecretIssuer {
  if ("secret" in issuer && "jwks" in issuer) {
    throw new TypeError("an issuer has a secret or a key set, not both");
  }
  return "secret" in issuer;
}

function secretOf(secret: string | Uint8Array): Uint8Array {
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret.slice();
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new RangeError(`a secret has at least ${MIN_SECRET_BYTES} bytes`);
  }
  // A public key that is taken for a secret lets everybody sign.
  if (new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().startsWith("-----BEGIN")) {
    throw new TypeError("a key in PEM is no secret");
  }
  return bytes;
}

/** RFC 7518, 3.2: the size of the hash. */
const MIN_SECRET_BYTES = 32;

function addressOf(jwks: string | URL): URL {
  const url = new URL(jwks);
  const isOwn = LOOPBACK.includes(url.hostname);
  // Whoever can change what is read without TLS chooses the keys.
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isOwn)) {
    throw new TypeError("a key set is read over https");
  }
  return url;
}

const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
