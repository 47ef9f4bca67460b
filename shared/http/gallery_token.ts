/** Signs and verifies the tokens for the gallery service. */

import { GALLERY_AUDIENCE, GALLERY_CLAIMS, type GalleryClaims } from "../contract/gallery_call.ts";
import { type CallVerifier, createCallVerifier, signCall } from "./call_token.ts";
import type { SigningKeys, VerifyingKeys } from "./token_keys.ts";

/** A token with the longest user_id, escaped in JSON and in base64url, is shorter. */
const MAX_TOKEN_CHARS = 8192;
/** More calls than one gallery answers while a token is valid. */
const MAX_REMEMBERED = 1_000_000;

/** Signs a token for one call to the gallery. */
export function signGalleryToken(
  keys: SigningKeys,
  claims: GalleryClaims,
  nowMs: number = Date.now(),
): string {
  return signCall(keys, GALLERY_AUDIENCE, claims, nowMs);
}

/** Options of {@linkcode createGalleryTokenVerifier}. */
export interface GalleryTokenOptions {
  /** Returns the keys that verify a token. Gets the id of the token's key, which can be unknown. */
  readonly keys: (id: string) => VerifyingKeys | Promise<VerifyingKeys>;
  /** Returns the milliseconds since 1970 of this machine's clock. */
  readonly clock?: () => number;
}

/**
 * Makes the function that checks Authorization headers. It accepts each token once. A decision is
 * also refused when another replica, or this one before a restart, has accepted its token: see
 * `GalleryStore.decide`.
 */
export function createGalleryTokenVerifier(
  { keys, clock = Date.now }: GalleryTokenOptions,
): CallVerifier<GalleryClaims> {
  return createCallVerifier({
    keys,
    audience: GALLERY_AUDIENCE,
    claims: GALLERY_CLAIMS,
    maxTokenChars: MAX_TOKEN_CHARS,
    maxRemembered: MAX_REMEMBERED,
    detail: "The request has no valid token for the gallery",
    clock,
  });
}
