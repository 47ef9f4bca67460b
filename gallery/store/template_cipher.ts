/** Encrypts and decrypts the secret part of a template's row, with AES-256-GCM. */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { StoreDamaged } from "./store.ts";
import type { TemplateKey, TemplateKeys } from "../../shared/template_keys.ts";

/**
 * Names that a row's ciphertext is bound to. The ciphertext of another row does not decrypt in its
 * place.
 */
export interface RowName {
  readonly collection: string;
  readonly userId: string;
  readonly templateId: string;
  readonly model: string;
}

/** Encrypted bytes, as a row has them. */
export interface Sealed {
  readonly keyId: string;
  /** 96 random bits. */
  readonly nonce: Uint8Array;
  /** The encrypted bytes, then the tag of 16 bytes. */
  readonly ciphertext: Uint8Array;
}

/** Version of the associated data and of the plaintext. */
const FORMAT = 1;
const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Length of a photo's digest, which the plaintext begins with. */
export const PHOTO_BYTES = 32;

/** Encrypts bytes that are bound to `name`, a list of texts. */
export function seal({ id, key }: TemplateKey, name: readonly string[], bytes: Uint8Array): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(id, name));
  const parts = [cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
  return { keyId: id, nonce, ciphertext: joinBytes(parts) };
}

/**
 * Decrypts bytes.
 *
 * @returns undefined when the bytes, the key or the name are not those of {@linkcode seal}
 */
export function unseal(
  { id, key }: TemplateKey,
  name: readonly string[],
  { nonce, ciphertext }: Pick<Sealed, "nonce" | "ciphertext">,
): Uint8Array | undefined {
  const end = ciphertext.length - TAG_BYTES;
  if (end < 0 || nonce.length !== NONCE_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(id, name));
  decipher.setAuthTag(ciphertext.subarray(end));
  const bytes = decipher.update(ciphertext.subarray(0, end));
  try {
    return joinBytes([bytes, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Encrypts an embedding and the digest of its photo. */
export function sealTemplate(
  [key]: TemplateKeys,
  name: RowName,
  { photo, embedding }: { readonly photo: Uint8Array; readonly embedding: Float32Array },
): Sealed {
  const bytes = new Uint8Array(PHOTO_BYTES + embedding.byteLength);
  bytes.set(photo);
  const view = new DataView(bytes.buffer, PHOTO_BYTES);
  embedding.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return seal(key, nameParts(name), bytes);
}

/**
 * Decrypts an embedding and the digest of its photo.
 *
 * @throws {StoreDamaged} when there is no such key, or the row was damaged or moved
 */
export function unsealTemplate(
  keys: TemplateKeys,
  name: RowName,
  sealed: Sealed,
): { photo: Uint8Array; embedding: Float32Array } {
  const key = keys.find(({ id }) => id === sealed.keyId);
  const bytes = key && unseal(key, nameParts(name), sealed);
  if (bytes === undefined || bytes.length < PHOTO_BYTES || bytes.length % 4 !== 0) {
    const why = key ? "is damaged" : `needs the template key ${sealed.keyId}, which is missing`;
    throw new StoreDamaged(
      `The template ${name.templateId} of user ${JSON.stringify(name.userId)} in collection ` +
        `${JSON.stringify(name.collection)} ${why}`,
      name.templateId,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + PHOTO_BYTES);
  const embedding = new Float32Array((bytes.length - PHOTO_BYTES) / 4);
  for (let i = 0; i < embedding.length; i++) embedding[i] = view.getFloat32(4 * i, true);
  return { photo: bytes.slice(0, PHOTO_BYTES), embedding };
}

const nameParts = ({ collection, userId, templateId, model }: RowName): string[] => [
  collection,
  userId,
  templateId,
  model,
];

/** JSON separates the texts, so that no two lists have the same bytes. */
const associatedData = (keyId: string, name: readonly string[]): Uint8Array =>
  new TextEncoder().encode(JSON.stringify([FORMAT, keyId, ...name]));

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
