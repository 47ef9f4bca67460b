/**
 * Signs and verifies the tokens of calls between the parts of the service. A token proves that a
 * call comes from the api. It is a JWT with EdDSA (Ed25519) for one audience, and is valid for one
 * call. The api holds the private keys. All other parts have only the public ones.
 */

import { Buffer } from "node:buffer";
import { z } from "zod";
import { Problem } from "../contract/problem.ts";
import { type Claims, signToken, splitToken, verifyToken } from "./token_format.ts";
import type { SigningKeys, VerifyingKeys } from "./token_keys.ts";

/** A token is valid for this time. It is verified before the body is read. */
export const LIFETIME_SECONDS = 10;
/** The clocks of the api and of its counterpart may differ by this time, in both directions. */
export const CLOCK_TOLERANCE_SECONDS = 90;
/** A token that is accepted now is no longer accepted after this time. */
const REMEMBERED_MS = (LIFETIME_SECONDS + 2 * CLOCK_TOLERANCE_SECONDS + 1) * 1000;
const SCHEME = "Bearer ";

/** Claims that every token has. */
const CALL_CLAIMS = {
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
  /** 128 random bits in base64url. */
  jti: z.string().regex(/^[\w-]{22}$/),
};
const CallClaimsSchema = z.object(CALL_CLAIMS);

/** A verified token. */
export interface VerifiedCall<Claims> {
  /** Unique id of the call. */
  readonly jti: string;
  /** Milliseconds since 1970, after which no verifier accepts the token. */
  readonly refusedAfterMs: number;
  /** The claims that only this audience has. */
  readonly claims: Claims;
}

/** Reason for which a token is refused. It is logged; the caller does not get it. */
export type TokenFault =
  | "missing"
  | "malformed"
  | "unknown key"
  | "wrong signature"
  | "for another audience"
  | "expired, or the clocks differ"
  | "used before"
  | "too many tokens";

/**
 * Signs a token for one call.
 *
 * @param audience The part of the service that may accept the token
 * @param claims Statements about the call, for its audience
 * @param nowMs Milliseconds since 1970 of this machine's clock
 */
export function signCall(
  keys: SigningKeys,
  audience: string,
  claims: Claims,
  nowMs: number,
): string {
  const [{ tokenHeader, key }] = keys;
  const iat = Math.floor(nowMs / 1000);
  const exp = iat + LIFETIME_SECONDS;
  const jti = crypto.getRandomValues(Buffer.alloc(16)).toString("base64url");
  return signToken(tokenHeader, { ...claims, aud: audience, iat, exp, jti }, key);
}

/** Options of {@linkcode createCallVerifier}. */
export interface CallVerifierOptions<Shape extends z.ZodRawShape> {
  /** Returns the keys that verify a token. Gets the id of the token's key, which can be unknown. */
  readonly keys: (id: string) => VerifyingKeys | Promise<VerifyingKeys>;
  /** A token is accepted only when it is for this audience. */
  readonly audience: string;
  /** Schemas of the claims that a token must have beside those of every token. */
  readonly claims: Shape;
  /** Greatest length of a token in characters. */
  readonly maxTokenChars: number;
  /** Greatest number of accepted tokens that are remembered. Further tokens are refused. */
  readonly maxRemembered: number;
  /** Detail of the problem for a caller without a valid token. */
  readonly detail: string;
  /** Returns the milliseconds since 1970 of this machine's clock. */
  readonly clock: () => number;
}

/**
 * Checks an Authorization header.
 *
 * @throws {Problem} `unauthorized`, unless it has a valid token that was not used before
 */
export type CallVerifier<Claims> = (
  authorization: string | undefined,
) => Promise<VerifiedCall<Claims>>;

/** Makes the function that checks Authorization headers. It accepts each token once. */
export function createCallVerifier<Shape extends z.ZodRawShape>(
  options: CallVerifierOptions<Shape>,
): CallVerifier<z.infer<z.ZodObject<Shape>>> {
  const { keys, audience, maxTokenChars, maxRemembered, detail, clock } = options;
  const schema = z.strictObject({ ...CALL_CLAIMS, ...options.claims });
  /** Ids of accepted tokens, in the order of acceptance, with the time at which each is forgotten. */
  const seen = new Map<string, number>();

  async function check(authorization: string | undefined) {
    if (authorization === undefined || authorization === "") return "missing";
    if (authorization.length > maxTokenChars || !authorization.startsWith(SCHEME)) {
      return "malformed";
    }
    const token = splitToken(authorization.slice(SCHEME.length));
    if (token === undefined) return "malformed";
    const nowMs = clock();
    const found = keys(token.keyId);
    const key = (found instanceof Promise ? await found : found).get(token.keyId);
    if (key === undefined) return "unknown key";
    const signed = verifyToken(token, key);
    if (typeof signed === "string") return signed;
    const verified = checkClaims(signed, nowMs);
    if (typeof verified === "string") return verified;
    const { jti } = verified;
    for (const [id, untilMs] of seen) {
      if (untilMs > nowMs) break;
      seen.delete(id);
    }
    if (seen.has(jti)) return "used before";
    if (seen.size >= maxRemembered) return "too many tokens";
    seen.set(jti, nowMs + REMEMBERED_MS);
    return verified;
  }

  function checkClaims(signed: Claims, nowMs: number) {
    const call = CallClaimsSchema.safeParse(signed);
    if (!call.success) return "malformed";
    const { aud, iat, exp, jti } = call.data;
    if (aud !== audience) return "for another audience";
    if (!isCurrent(iat, exp, nowMs)) return "expired, or the clocks differ";
    const parsed = schema.safeParse(signed);
    if (!parsed.success) return "malformed";
    const { aud: _aud, iat: _iat, exp: _exp, jti: _jti, ...claims } = parsed.data as
      & z.infer<typeof CallClaimsSchema>
      & z.infer<z.ZodObject<Shape>>;
    const lastSecond = Math.min(exp, iat + LIFETIME_SECONDS);
    return {
      jti,
      // A counterpart with a slow clock accepts the token for longer.
      refusedAfterMs: (lastSecond + 2 * CLOCK_TOLERANCE_SECONDS + 1) * 1000,
      claims: claims as z.infer<z.ZodObject<Shape>>,
    };
  }

  return async (authorization) => {
    const verified: VerifiedCall<z.infer<z.ZodObject<Shape>>> | TokenFault = await check(
      authorization,
    );
    if (typeof verified !== "string") return verified;
    throw new Problem("unauthorized", detail, {
      cause: new Error(`The token is not accepted: ${verified}`),
    });
  };
}

/** True while a token with these times is valid. A later expiry does not make it valid for longer. */
function isCurrent(iat: number, exp: number, nowMs: number): boolean {
  const now = Math.floor(nowMs / 1000);
  const earliest = now - CLOCK_TOLERANCE_SECONDS;
  return exp > earliest && iat >= earliest - LIFETIME_SECONDS &&
    iat <= now + CLOCK_TOLERANCE_SECONDS;
}
