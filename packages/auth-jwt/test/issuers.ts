/** Issuers with real keys, and the server on which they publish them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { onTestFinished } from "vitest";

export const AUDIENCE = "shop";
export const SECRET: Uint8Array = new TextEncoder().encode("a secret of thirty-two bytes, or more");

/** A key pair, and its public half as a key set shows it. */
export interface Pair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export async function keyPair(alg: "RS256" | "ES256", kid: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

/** What is wrong with a token; nothing, by default. */
export interface Flaws {
  readonly alg?: string;
  readonly kid?: string;
  readonly issuer?: string;
  readonly audience?: string | string[];
  /** Seconds from now; `null` for never. */
  readonly expiresIn?: number | null;
  readonly notBefore?: number;
  readonly claims?: Record<string, unknown>;
}

export function token(
  key: CryptoKey | Uint8Array,
  issuer: string,
  flaws: Flaws = {},
): Promise<string> {
  const { alg = "HS256", kid, audience = AUDIENCE, expiresIn = 60, notBefore } = flaws;
  const now = Math.floor(Date.now() / 1000);
  const jwt = new SignJWT({ sub: "ada", ...flaws.claims })
    .setProtectedHeader(kid === undefined ? { alg } : { alg, kid })
    .setIssuer(flaws.issuer ?? issuer)
    .setAudience(audience);
  if (expiresIn !== null) jwt.setExpirationTime(now + expiresIn);
  if (notBefore !== undefined) jwt.setNotBefore(now + notBefore);
  return jwt.sign(key);
}

/** A server of a key set, which a test may change, break and count the requests of. */
export interface KeyServer {
  readonly url: string;
  keys: JWK[];
  /** What it answers in place of the keys. */
  fault: "status" | "html" | "redirect" | "list" | undefined;
  requests: number;
}

export async function keyServer(keys: JWK[]): Promise<KeyServer> {
  const state: KeyServer = { url: "", keys, fault: undefined, requests: 0 };
  const http = createServer((_, response) => {
    state.requests++;
    if (state.fault === "status") response.writeHead(503).end();
    else if (state.fault === "redirect") response.writeHead(302, { location: "/other" }).end();
    else if (state.fault === "html") response.end("<html>");
    else if (state.fault === "list") response.end("[]");
    else response.end(JSON.stringify({ keys: state.keys }));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  );
  const { port } = http.address() as AddressInfo;
  return Object.assign(state, { url: `http://127.0.0.1:${port}/keys` });
}
