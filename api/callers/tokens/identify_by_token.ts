/** Identifies callers by the JSON Web Tokens of one issuer. */

import { createHash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";
import { Problem } from "../../../shared/contract/problem.ts";
import { type Caller, COLLECTION, DEFAULT_COLLECTION, SCOPES } from "../scopes.ts";
import { FAILURE_PAUSE_SECONDS, IssuerUnavailable } from "./issuer_keys.ts";

/** Settings of the operator about tokens. */
export interface TokenConfig {
  /** Value of the claim `iss`. */
  readonly issuer: string;
  /** Value of the claim `aud`, or one of its values. */
  readonly audience: string;
  /** Address of the issuer's public keys (JWKS). */
  readonly keysUrl: URL;
  /** Name of the claim with the scopes: a text with spaces, or a list of texts. */
  readonly scopeClaim: string;
  /** Name of the claim with the collection. Without this claim, it is the default collection. */
  readonly collectionClaim: string;
}

/** Settings and services of {@linkcode createIdentifyByToken}. */
export interface IdentifyByTokenOptions {
  readonly config: TokenConfig;
  readonly keys: JWTVerifyGetKey;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/**
 * Returns the caller of a token.
 *
 * @throws {Problem} `unauthorized`, or `issuer_unavailable` when the token cannot be checked
 */
export type IdentifyByToken = (token: string) => Promise<Caller>;

/** Only asymmetric algorithms: a public key must never count as the secret of HMAC. */
const ALGORITHMS = [
  ...["EdDSA", "Ed25519", "ES256", "ES384", "ES512"],
  ...["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
];
/** The clocks of issuer and service may differ by this time. */
const CLOCK_TOLERANCE_SECONDS = 60;
const MAX_SUBJECT_LENGTH = 1000;

/** Makes a function that identifies callers. */
export function createIdentifyByToken(
  { config, keys, nowMs }: IdentifyByTokenOptions,
): IdentifyByToken {
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(nowMs()),
        requiredClaims: ["exp", "sub"],
      });
      return callerOf(payload, config);
    } catch (error) {
      throw problemOf(error);
    }
  };
}

function callerOf(payload: JWTPayload, config: TokenConfig): Caller {
  const { sub } = payload;
  const collection = payload[config.collectionClaim] ?? DEFAULT_COLLECTION;
  if (typeof sub !== "string" || sub === "" || sub.length > MAX_SUBJECT_LENGTH) {
    throw new Problem("unauthorized", "The token has no subject");
  }
  if (typeof collection !== "string" || !COLLECTION.test(collection)) {
    throw new Problem("unauthorized", "The token names no valid collection");
  }
  const scopes = new Set(textsOf(payload[config.scopeClaim]));
  return {
    // A subject can be a person's name or address, which no log should have.
    id: `jwt-${createHash("sha256").update(sub).digest("hex").slice(0, 16)}`,
    scopes: new Set(SCOPES.filter((scope) => scopes.has(scope))),
    collection,
    ratePerMinute: undefined,
  };
}

function textsOf(claim: unknown): readonly unknown[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim : [];
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof IssuerUnavailable) {
    return new Problem("issuer_unavailable", "The issuer of the token cannot be reached", {
      retryAfterSeconds: FAILURE_PAUSE_SECONDS,
      cause: error,
    });
  }
  if (error instanceof errors.JWTExpired) {
    return new Problem("unauthorized", "The token has expired");
  }
  return new Problem("unauthorized", "The token is not valid here", { cause: nameOf(error) });
}

/** Returns an error that says what is wrong, without quoting the token. */
function nameOf(error: unknown): Error {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new Error(`claim ${error.claim.slice(0, 50)} ${error.reason}`);
  }
  return new Error(error instanceof errors.JOSEError ? error.code : "the token cannot be read");
}
