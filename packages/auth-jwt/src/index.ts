/** @packageDocumentation Says who the bearer of a JSON Web Token is. */
export {
  JWT_DEFAULTS,
  type JwtAuthentication,
  type JwtAuthenticator,
  type JwtAuthenticatorOptions,
  type JwtClaims,
  jwtAuthenticator,
} from "./authenticator.ts";
export type { JwtIssuer, KeySetIssuer, SecretIssuer } from "./issuer.ts";
