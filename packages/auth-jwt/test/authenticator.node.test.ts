import { JWT_DEFAULTS, type JwtIssuer, jwtAuthenticator } from "@datahike-sync/auth-jwt";
import { isSyncError } from "@datahike-sync/edn";
import { exportSPKI, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { AUDIENCE, type Flaws, keyPair, keyServer, SECRET, token } from "./issuers.ts";

const SHARED: JwtIssuer = { issuer: "https://shared", audience: AUDIENCE, secret: SECRET };

/** What becomes of a token: its subject, or why it is refused. */
async function judge(authenticate: ReturnType<typeof jwtAuthenticator>, text: string) {
  try {
    return (await authenticate({ token: text })).principal.sub;
  } catch (error) {
    if (!isSyncError(error)) throw error;
    const { reason } = error.details;
    return reason === undefined ? error.code : `${error.code} ${String(reason)}`;
  }
}

describe("a token of an issuer with a secret", () => {
  const authenticate = jwtAuthenticator({ issuers: [SHARED] });

  test("names its bearer by all its claims, and says until when", async () => {
    const text = await token(SECRET, SHARED.issuer, { claims: { role: ["clerk"] } });
    const { principal, expiresAt } = await authenticate({ token: text });
    expect(principal).toMatchObject({ sub: "ada", iss: SHARED.issuer, role: ["clerk"] });
    const { exp = 0 } = principal;
    expect(expiresAt.getTime()).toBe(exp * 1000 + JWT_DEFAULTS.clockToleranceMs);
  });

  test("is taken with a secret given as text, and keeps its own copy of one given as bytes", async () => {
    const bytes = SECRET.slice();
    const issuers = [
      { ...SHARED, secret: new TextDecoder().decode(SECRET) },
      { ...SHARED, issuer: "https://copied", secret: bytes },
    ];
    const both = jwtAuthenticator({ issuers });
    bytes.fill(0);
    for (const { issuer } of issuers) {
      expect(await judge(both, await token(SECRET, issuer))).toBe("ada");
    }
  });

  test.each<[string, Flaws, string]>([
    ["expired", { expiresIn: -60 }, "UNAUTHORIZED expired"],
    ["never expires", { expiresIn: null }, "UNAUTHORIZED claim exp"],
    ["is not good yet", { notBefore: 60 }, "UNAUTHORIZED claim nbf"],
    ["is for somebody else", { audience: "bank" }, "UNAUTHORIZED claim aud"],
    ["is of somebody else", { issuer: "https://other" }, "UNAUTHORIZED unknown issuer"],
    ["says it is of nobody", { issuer: "" }, "UNAUTHORIZED unknown issuer"],
    ["is of an issuer that objects have", { issuer: "__proto__" }, "UNAUTHORIZED unknown issuer"],
    ["is signed in another algorithm", { alg: "HS512" }, "UNAUTHORIZED algorithm"],
  ])("is refused when it %s", async (_, flaws, verdict) => {
    const secret = new Uint8Array(64);
    secret.set(SECRET);
    const key = flaws.alg === "HS512" ? secret : SECRET;
    expect(await judge(authenticate, await token(key, SHARED.issuer, flaws))).toBe(verdict);
  });

  test("is taken within the tolerance, and refused beyond it", async () => {
    const text = await token(SECRET, SHARED.issuer, { expiresIn: -30 });
    expect(await judge(authenticate, text)).toBe("UNAUTHORIZED expired");
    const patient = jwtAuthenticator({ issuers: [SHARED], clockToleranceMs: 300_000 });
    const { expiresAt } = await patient({ token: text });
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
  });

  test("is refused with another signature, without one, and unsigned", async () => {
    const other = await token(SECRET.slice().reverse(), SHARED.issuer);
    expect(await judge(authenticate, other)).toBe("UNAUTHORIZED signature");
    const unsigned = new UnsecuredJWT({ sub: "ada" })
      .setIssuer(SHARED.issuer)
      .setAudience(AUDIENCE)
      .setExpirationTime("1h")
      .encode();
    expect(await judge(authenticate, unsigned)).toBe("UNAUTHORIZED algorithm");
    const [head, body] = (await token(SECRET, SHARED.issuer)).split(".");
    expect(await judge(authenticate, `${head}.${body}.`)).toBe("UNAUTHORIZED signature");
    for (const alg of ["none", "None", "NONE", "nOnE"]) {
      const header = Buffer.from(JSON.stringify({ alg })).toString("base64url");
      expect(await judge(authenticate, `${header}.${body}.`)).toBe("UNAUTHORIZED algorithm");
    }
  });

  test("is refused when it is none", async () => {
    const good = await token(SECRET, SHARED.issuer);
    for (const text of ["x", "..", "a.b.c", `${good}.x`, good.slice(1), "\0", "💥"]) {
      expect(await judge(authenticate, text), text).toMatch(/^UNAUTHORIZED /);
    }
    expect(await judge(authenticate, "x".repeat(10_000_000))).toBe("UNAUTHORIZED too long");
    expect(await judge(authenticate, "")).toBe("UNAUTHORIZED no token");
    await expect(authenticate({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  test("is refused without a word of what it says", async () => {
    const text = await token(SECRET, SHARED.issuer, { audience: "the crown jewels" });
    const error: unknown = await authenticate({ token: text }).catch((reason: unknown) => reason);
    expect(isSyncError(error, "UNAUTHORIZED")).toBe(true);
    expect(JSON.stringify(error) + String(error)).not.toContain("jewels");
  });
});

describe("a token of an issuer with a key set", () => {
  test.each(["RS256", "ES256"] as const)("is taken in %s", async (alg) => {
    const pair = await keyPair(alg, "k1");
    const { url } = await keyServer([pair.jwk]);
    const issuer = { issuer: "https://keys", audience: ["bank", AUDIENCE], jwks: url };
    const authenticate = jwtAuthenticator({ issuers: [{ ...issuer, algorithms: [alg] }, SHARED] });
    const text = await token(pair.privateKey, issuer.issuer, { alg, kid: "k1" });
    expect(await judge(authenticate, text)).toBe("ada");
    expect(await judge(authenticate, await token(SECRET, SHARED.issuer))).toBe("ada");
  });

  test("is refused when it is signed with the public key as a secret", async () => {
    const pair = await keyPair("RS256", "k1");
    const { url } = await keyServer([pair.jwk]);
    const issuer = { issuer: "https://keys", audience: AUDIENCE, jwks: url };
    const authenticate = jwtAuthenticator({ issuers: [{ ...issuer, algorithms: ["RS256"] }] });
    const pem = await exportSPKI(pair.publicKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(pair.jwk), pair.jwk.n ?? ""]) {
      const bytes = new TextEncoder().encode(secret);
      const text = await token(bytes, issuer.issuer, { alg: "HS256", kid: "k1" });
      expect(await judge(authenticate, text)).toBe("UNAUTHORIZED algorithm");
    }
  });

  test("is refused with the keys or the algorithm of another issuer", async () => {
    const [ours, theirs] = [await keyPair("RS256", "k1"), await keyPair("ES256", "k1")];
    const [a, b] = [await keyServer([ours.jwk]), await keyServer([theirs.jwk])];
    const authenticate = jwtAuthenticator({
      issuers: [
        { issuer: "https://a", audience: AUDIENCE, jwks: a.url, algorithms: ["RS256"] },
        { issuer: "https://b", audience: AUDIENCE, jwks: b.url, algorithms: ["ES256"] },
        SHARED,
      ],
    });
    const verdicts = [
      await token(theirs.privateKey, "https://a", { alg: "ES256", kid: "k1" }),
      await token(ours.privateKey, "https://b", { alg: "RS256", kid: "k1" }),
      await token(SECRET, "https://a"),
      await token(ours.privateKey, SHARED.issuer, { alg: "RS256", kid: "k1" }),
    ];
    for (const text of verdicts) {
      expect(await judge(authenticate, text)).toBe("UNAUTHORIZED algorithm");
    }
    const stranger = await keyPair("RS256", "k1");
    const forged = await token(stranger.privateKey, "https://a", { alg: "RS256", kid: "k1" });
    expect(await judge(authenticate, forged)).toBe("UNAUTHORIZED signature");
    const unknown = await token(stranger.privateKey, "https://a", { alg: "RS256", kid: "k2" });
    expect(await judge(authenticate, unknown)).toBe("UNAUTHORIZED unknown key");
    const requests = a.requests;
    for (let i = 0; i < 20; i++) await judge(authenticate, unknown);
    expect(a.requests, "keys that do not exist are not asked for again and again").toBe(requests);
  });

  test("waits while the keys are not to be had, and is taken when they are", async () => {
    const pair = await keyPair("ES256", "k1");
    const server = await keyServer([pair.jwk]);
    const issuer = { issuer: "https://keys", audience: AUDIENCE, jwks: server.url };
    const authenticate = jwtAuthenticator({ issuers: [{ ...issuer, algorithms: ["ES256"] }] });
    const text = await token(pair.privateKey, issuer.issuer, { alg: "ES256", kid: "k1" });
    for (const fault of ["status", "html", "redirect", "list"] as const) {
      server.fault = fault;
      expect(await judge(authenticate, text), fault).toBe("RETRY_LATER");
    }
    server.fault = undefined;
    expect(await judge(authenticate, text)).toBe("ada");
    const nowhere = { ...issuer, jwks: "http://127.0.0.1:1/keys", algorithms: ["ES256"] as const };
    expect(await judge(jwtAuthenticator({ issuers: [nowhere] }), text)).toBe("RETRY_LATER");
  });
});

describe("issuers", () => {
  const keys = { issuer: "https://keys", audience: AUDIENCE, algorithms: ["RS256"] as const };

  test("that could be taken for something else are misuse", async () => {
    const pem = await exportSPKI((await keyPair("RS256", "k1")).publicKey);
    const wrong: JwtIssuer[] = [
      { ...SHARED, secret: pem },
      { ...SHARED, audience: [] },
      { ...SHARED, audience: "" },
      { ...keys, jwks: "http://keys.example/keys" },
      { ...keys, jwks: "ftp://localhost/keys" },
      { ...keys, jwks: "https://keys.example", algorithms: [] },
      { ...keys, jwks: "https://keys.example", algorithms: ["HS256" as "RS256"] },
      { ...SHARED, ...keys, jwks: "https://keys.example" },
    ];
    for (const issuer of wrong) {
      expect(() => jwtAuthenticator({ issuers: [issuer] })).toThrow(TypeError);
    }
    expect(() => jwtAuthenticator({ issuers: [] })).toThrow(TypeError);
    expect(() => jwtAuthenticator({ issuers: [SHARED, SHARED] })).toThrow("two issuers");
  });

  test("need a secret of 32 bytes and a tolerance that is a time", () => {
    const short = { ...SHARED, secret: "ä".repeat(15) };
    expect(() => jwtAuthenticator({ issuers: [short] })).toThrow(RangeError);
    for (const clockToleranceMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => jwtAuthenticator({ issuers: [SHARED], clockToleranceMs })).toThrow(RangeError);
    }
  });
});
