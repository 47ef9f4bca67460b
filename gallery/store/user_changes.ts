/** Changes of users and templates inside an exclusive transaction. */

import { createHmac } from "node:crypto";
import { galleryModel } from "../../models/known_models.ts";
import { isUserText } from "../../shared/contract/user_text.ts";
import { addChanges } from "./change_log.ts";
import { Rollback, type Transaction } from "./database.ts";
import {
  type AddedTemplate,
  ConsentMissing,
  type NewTemplate,
  type PutOptions,
  type PutResult,
  type StoredUser,
  type Try,
  type UserFields,
  type UserKey,
} from "./store.ts";
import { PHOTO_BYTES, sealTemplate } from "./template_cipher.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";
import { findPhoto, insertTemplates, type TemplateRow } from "./templates.ts";
import { findUser, hasExpired, removeUser, writeUser } from "./users.ts";

/** Services that {@linkcode sealNewTemplate} uses. */
export interface SealOptions {
  readonly keys: TemplateKeys;
  readonly photoKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Called in the transaction that deletes users who have expired. */
export type UsersExpired = (
  transaction: Transaction,
  users: readonly (UserKey & { readonly createdAt: number })[],
) => Promise<void>;

/** Options of {@linkcode putUserRow}. */
export interface PutRowOptions extends Pick<PutOptions, "onlyNew" | "keepsExpiry"> {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly onExpired: UsersExpired;
}

/**
 * Creates a user or replaces its fields. Does not add the change to the log of changes.
 *
 * @param options With `onlyNew`, a user that is there stays as it is; with `keepsExpiry`, also one that
 * would expire earlier than before
 */
export async function putUserRow(
  transaction: Transaction,
  { collection, userId }: UserKey,
  { name, consentRef, expiresAt }: UserFields,
  { now, onlyNew = false, keepsExpiry = false, onExpired }: PutRowOptions,
): Promise<PutResult & { changed: boolean }> {
  const key = { collection, userId };
  let old = await findUser(transaction, key);
  if (old && hasExpired(old, now)) {
    await removeUser(transaction, key);
    await onExpired(transaction, [old]);
    old = undefined;
  }
  const isEqual = old?.name === name && old.consentRef === consentRef &&
    old.expiresAt === expiresAt;
  if (old !== undefined && (onlyNew || isEqual)) {
    return { created: false, changed: false, user: old };
  }
  if (old && keepsExpiry && (expiresAt ?? Infinity) < (old.expiresAt ?? Infinity)) {
    return { created: false, changed: false, user: old, shortens: true };
  }
  const user: StoredUser = {
    ...key,
    name,
    ...(consentRef === undefined ? {} : { consentRef }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    createdAt: old?.createdAt ?? now,
    updatedAt: now,
    ...(old?.lastSeenAt === undefined ? {} : { lastSeenAt: old.lastSeenAt }),
    templates: old?.templates ?? 0,
  };
  await writeUser(transaction, user);
  return { created: old === undefined, changed: true, user };
}

/**
 * Encrypts a template, before the transaction that adds it.
 *
 * @throws {RangeError} when the template cannot be stored
 */
export function sealNewTemplate(
  key: UserKey,
  { photo, model, embedding }: NewTemplate,
  { keys, photoKey, now }: SealOptions,
): TemplateRow {
  checkKey(key);
  checkTexts(model);
  if (photo.length !== PHOTO_BYTES) {
    throw new RangeError(`The digest of the photo has ${photo.length} bytes`);
  }
  if (embedding.length === 0 || !embedding.every(Number.isFinite)) {
    throw new RangeError("The embedding is empty or not finite");
  }
  const photoHash = hashPhoto(photoKey, photo);
  const name = {
    collection: key.collection,
    userId: key.userId,
    templateId: crypto.randomUUID(),
    model: galleryModel(model),
  };
  const sealed = sealTemplate(keys, name, { photo, embedding });
  return { ...name, photo: photoHash, createdAt: now, sealed };
}

/** Returns the keyed hash of a photo's digest, by which equal photos of a user are found. */
export function hashPhoto(photoKey: Uint8Array, photo: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", photoKey).update(photo).digest());
}

/** Options of {@linkcode addTemplateRow}. */
export interface AddOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly maxTemplates: number;
  readonly requireConsent: boolean;
  /** Time of the creation of the user that is meant. Without it, whoever has the user_id. */
  readonly createdAt?: number;
  /** Checks the template again. Resolves to false when the changes since are not known. */
  readonly checkAgain?: (transaction: Transaction) => Promise<boolean>;
}

/** Adds a template to a user, and logs the change. A result other than a new template is rolled back. */
export async function addTemplateRow(
  transaction: Transaction,
  row: TemplateRow,
  { now, maxTemplates, requireConsent, createdAt: meant, checkAgain }: AddOptions,
): Promise<AddedTemplate | Rollback<AddedTemplate>> {
  const user = await findUser(transaction, row);
  if (
    user === undefined || hasExpired(user, now) ||
    meant !== undefined && user.createdAt !== meant
  ) {
    return new Rollback({ kind: "no_such_user" });
  }
  if (requireConsent && user.consentRef === undefined) {
    throw new ConsentMissing("The user has no consent");
  }
  const known = await findPhoto(transaction, row);
  if (known) return new Rollback({ kind: "stored", added: false, template: known });
  if (checkAgain && !await checkAgain(transaction)) return new Rollback({ kind: "moved" });
  if (user.templates >= maxTemplates) {
    return new Rollback({ kind: "too_many_templates", limit: maxTemplates });
  }
  await insertTemplates(transaction, [row]);
  await addChanges(transaction, [row], now);
  const { templateId, model, createdAt } = row;
  return { kind: "stored", added: true, template: { templateId, model, createdAt } };
}

/**
 * Refuses texts that a database would change, such as half a surrogate pair.
 *
 * @throws {RangeError} when a text is not one of `shared/contract/user_text.ts`
 */
export function checkTexts(...texts: readonly (string | undefined)[]): void {
  for (const text of texts) {
    if (text !== undefined && !isUserText(text)) {
      throw new RangeError("A text for the store is empty, too long, or has control characters");
    }
  }
}

/**
 * Refuses a user_id that is not in NFC: its user would be stored beside the one with the same
 * characters, and a deletion of one would leave the other.
 *
 * @throws {RangeError} when a text of the key is not one of `shared/contract/user_text.ts`
 */
export function checkKey({ collection, userId }: UserKey): void {
  checkTexts(collection, userId);
  if (userId.normalize("NFC") !== userId) throw new RangeError("The user_id is not in NFC");
}

/**
 * Refuses a try whose texts cannot be those of a caller.
 *
 * @throws {RangeError} when a text is not one of `shared/contract/user_text.ts`
 */
export function checkTry({ collection, userId, key, clientRef }: Try): void {
  checkTexts(collection, key, clientRef);
  if (userId !== undefined) checkKey({ collection, userId });
}

/**
 * Refuses fields that cannot be stored.
 *
 * @throws {RangeError} when a text or a time of a user cannot be stored
 */
export function checkUser(key: UserKey, { name, consentRef, expiresAt }: UserFields): void {
  checkKey(key);
  checkTexts(name, consentRef);
  if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) {
    throw new RangeError("The time of expiry is not an integer");
  }
}
