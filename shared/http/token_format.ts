/**
 * Writes and reads the form of a token: a JWT with EdDSA (RFC 7519, RFC 8037). node:crypto signs and
 * verifies: it does so at once, while WebCrypto uses another thread for each token, which takes longer.
 */

import { Buffer } from "node:buffer";
import { type KeyObject, sign, verify } from "node:crypto";

/** The claims of a token. */
export type Claims = Readonly<Record<string, unknown>>;

/** The parts of a token whose signature is not verified yet. */
export interface TokenParts {
  /** Id of the key that the token names. Can be unknown. Empty when the token names none. */
  readonly keyId: string;
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

const ALGORITHM = "EdDSA";
/** Three parts in base64url, without padding. */
const TOKEN = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** Returns the first part of each token that is signed with the key of that id. */
export const headerOf = (keyId: string): string => encode({ alg: ALGORITHM, kid: keyId });

/**
 * Signs a token.
 *
 * @param header The header for the key, made by {@linkcode headerOf}
 * @param key A private Ed25519 key
 */
export function signToken(header: string, claims: Claims, key: KeyObject): string {
  const signed = `${header}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

/** Splits a token. Returns undefined unless it has the form of a token with EdDSA. */
export function splitToken(token: string): TokenParts | undefined {
  const [, header, payload, signature] = TOKEN.exec(token) ?? [];
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const fields = decode(header);
  if (fields?.["alg"] !== ALGORITHM) return undefined;
  const { kid } = fields;
  return { keyId: typeof kid === "string" ? kid : "", header, payload, signature };
}

/**
 * Verifies the signature of a token, and returns the claims. A token is accepted in one form only: the
 * one that {@linkcode signToken} writes. So a header has no other field, and no field is there twice.
 *
 * @param key The public Ed25519 key that the token names
 */
export function verifyToken(
  { keyId, header, payload, signature }: TokenParts,
  key: KeyObject,
): Claims | "malformed" | "wrong signature" {
  if (header !== headerOf(keyId)) return "malformed";
  const bytes = Buffer.from(signature, "base64url");
  if (bytes.toString("base64url") !== signature) return "malformed";
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify(null, signed, key, bytes)) return "wrong signature";
  return decode(payload) ?? "malformed";
}

const encode = (fields: Claims): string =>
  Buffer.from(JSON.stringify(fields)).toString("base64url");

/** Returns the object in a part of a token. Returns undefined unless {@linkcode encode} wrote it. */
function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return isObject(value) && encode(value) === part ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Claims =>
  typeof value === "object" && value !== null && !Array.isArray(value);
