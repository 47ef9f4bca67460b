/**
 * The codes that protect the audit. Each row has a code over itself and the code of the row before it
 * in its chain. Whoever can only write to the database cannot compute one.
 */

import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** The keys of the audit. */
export interface AuditKeys {
  readonly rows: Uint8Array;
  readonly purges: Uint8Array;
  readonly checkpoints: Uint8Array;
}

/** Length of a code in bytes. */
export const CODE_BYTES = 32;
/** Stands for the code before the first row of a chain. */
export const NO_CODE: Uint8Array = new Uint8Array(CODE_BYTES);

/**
 * Derives the keys.
 *
 * @param secret Secret of the store, which the template keys encrypt: see key_check.ts
 */
export function deriveAuditKeys(secret: Uint8Array): AuditKeys {
  const derive = (use: string) =>
    new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), `face-it audit ${use} 1`, 32));
  return {
    rows: derive("rows"),
    purges: derive("purges"),
    checkpoints: derive("checkpoints"),
  };
}

/** Returns the code of texts and of the code before them. JSON separates the texts. */
export function codeOf(
  key: Uint8Array,
  before: Uint8Array,
  texts: readonly (string | null)[],
): Uint8Array {
  return new Uint8Array(
    createHmac("sha256", key).update(before).update(JSON.stringify(texts)).digest(),
  );
}

/** True for equal codes. */
export const isSameCode = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
