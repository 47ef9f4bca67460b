/**
 * The store of the gallery: users, their templates, and the decisions that were made. There are two
 * stores, SQLite and PostgreSQL, with one behaviour.
 *
 * Every method rejects with {@linkcode StoreUnavailable} when the database is away, full or too slow.
 * A change may then be stored or not; the caller can repeat it, because every change is idempotent.
 * Every text must be a text of `shared/contract/user_text.ts`, user_ids in NFC.
 */

import type { TryOutcome, TryRefusal } from "./tries_policy.ts";

export type { TryOutcome, TryRefusal };
import type {
  AuditCheckpoint,
  AuditEvent,
  AuditOrigin,
  AuditQuery,
  CheckpointScope,
  StoredEvent,
} from "../audit/event.ts";

/** A collection and a user in it. */
export interface UserKey {
  /** A tenant's users. A collection needs no creation. */
  readonly collection: string;
  /** Unique in the collection, in NFC. */
  readonly userId: string;
}

/** Everything that {@linkcode GalleryStore.putUser} stores about a user. */
export interface UserFields {
  /** Name that people read. */
  readonly name: string;
  /** The application's reference to the consent of the user. */
  readonly consentRef?: string;
  /** Milliseconds since 1970; from then on the user does not exist. Without it, never. */
  readonly expiresAt?: number;
}

/** A user as it is stored. All times are milliseconds since 1970. */
export interface StoredUser extends UserKey, UserFields {
  /** Time of the creation. */
  readonly createdAt: number;
  /** Time of the last change of the user's fields. */
  readonly updatedAt: number;
  /** Time of the last match, to the minute. Missing when the user has never matched. */
  readonly lastSeenAt?: number;
  /** Number of templates. */
  readonly templates: number;
}

/** A template without its embedding. */
export interface StoredTemplate {
  /** Random and unique. */
  readonly templateId: string;
  /** sha256 of the model that made the embedding, in lower-case hexadecimal. */
  readonly model: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A template to add. */
export interface NewTemplate {
  /** sha256 of the model that made the embedding, in lower-case hexadecimal. */
  readonly model: string;
  /** L2-normalised. */
  readonly embedding: Float32Array;
  /**
   * Digest of the photo, 32 bytes. A user has one template for each photo and model. The digest is
   * stored encrypted and as a keyed hash.
   */
  readonly photo: Uint8Array;
}

/** A template with its embedding, for the index. */
export interface IndexedTemplate {
  /** Random and unique. */
  readonly templateId: string;
  /** sha256 of the model that made the embedding, in lower-case hexadecimal. */
  readonly model: string;
  /** L2-normalised. */
  readonly embedding: Float32Array;
  /** Digest of the photo, as it was given to {@linkcode GalleryStore.addTemplate}. */
  readonly photo: Uint8Array;
}

/** A user with all templates, for the index. */
export interface IndexedUser extends UserKey, UserFields {
  /** In the order in which they were added. */
  readonly templates: readonly IndexedTemplate[];
}

/** Greatest number of users that one call of {@linkcode GalleryStore.importUsers} stores. */
export const MAX_IMPORTED_USERS = 100;

/** A user with all templates, from a file or another store. */
export interface NewUser extends UserKey, UserFields {
  /** Templates to add. The list may be empty. */
  readonly templates: readonly NewTemplate[];
}

/** A file from which users are imported. Its content has its name, wherever the file is. */
export interface ImportedFile {
  /** sha256 of the content, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Collection that all users of the file are imported into. Without it, those of the file. */
  readonly collection?: string;
}

/** A part of a file: several users in a row. */
export interface FilePart extends ImportedFile {
  /** Number of users of the file that are before this part. */
  readonly first: number;
  /** True to import also users that were imported from this file before. */
  readonly again: boolean;
}

/** The progress of the import of a file. */
export interface ImportState {
  /** Number of users that are imported, from the first one of the file on. */
  readonly users: number;
  /** Time of the last import, in milliseconds since 1970. */
  readonly importedAt: number;
}

/**
 * A place in the sequence of changes. Each change of a user or template has the next number. Two
 * positions with the same number and different ids belong to different histories, for example before
 * and after a backup was restored.
 */
export interface Position {
  /** Number of the change; 0 before the first one. */
  readonly n: number;
  /** Random id of the change with this number. */
  readonly id: string;
}

/** A user that has changed, with its present state. */
export interface ChangedUser extends UserKey {
  /** Undefined when the user is deleted or has expired. */
  readonly user: IndexedUser | undefined;
}

/** The changes since a position. */
export type Changes =
  | {
    readonly kind: "changes";
    /** Position after these changes. Equal to the caller's when nothing has changed. */
    readonly position: Position;
    /** Each changed user once. Its state may be newer than the position. */
    readonly users: readonly ChangedUser[];
    /** True when the number of changes was limited: ask again from the new position. */
    readonly more: boolean;
  }
  /** The history of the store does not contain the position: read everything again. */
  | { readonly kind: "rebuild" };

/** A token that allows one decision or change. */
export interface CallToken {
  /** Id of the token. Each id is used once. */
  readonly jti: string;
  /** Milliseconds since 1970, after which every verifier refuses the token. */
  readonly expiresAt: number;
}

/** Whose failures a try adds to. */
export interface Try {
  /** Collection of the caller's key. */
  readonly collection: string;
  /** The only user that the face is compared with. Missing for a search. */
  readonly userId?: string;
  /** Id of the caller's key. Missing for a caller without a key. */
  readonly key?: string;
  /** The application's name for its own client. */
  readonly clientRef?: string;
  /** True for the search that an enrolment is, which is counted apart. */
  readonly enrolment?: boolean;
}

/** A decision that the caller is about to answer with. */
export interface Decision extends CallToken {
  /**
   * Position of the index that the comparison used: the decision is stored only when it is the
   * newest. Without it, the decision is stored when the matched user still exists, although the
   * gallery may have changed. Leave it out only when the index has caught up since the request has
   * arrived: it then knows every change that was acknowledged before the request.
   */
  readonly position?: Position;
  /** User that matched; its time of last match is stored. */
  readonly matched?: UserKey;
  /** Counts the decision: a failure, a match, or neither. Without it, the decision is not counted. */
  readonly tried?: Try & { readonly outcome: TryOutcome };
  /** Event that is stored with the decision, in the same transaction. */
  readonly event?: AuditEvent;
  /** Faults of the face, stored like the event. */
  readonly observations?: readonly AuditEvent[];
}

/** Result of {@linkcode GalleryStore.decide}. Only after "decided" may the caller answer. */
export type DecisionResult =
  /**
   * The decision is stored, and the position was the newest. `nextRefusal` is the reason why another
   * try like this one would not be allowed now.
   */
  | { readonly kind: "decided"; readonly nextRefusal?: TryRefusal }
  /** This id was decided before, or has expired. Nothing is stored. */
  | { readonly kind: "replayed" }
  /** Too many tries have failed. Nothing is stored, and the caller may not answer with the result. */
  | { readonly kind: "limited"; readonly refusal: TryRefusal }
  /**
   * The gallery has changed since the position, or the matched user no longer exists. Nothing is
   * stored: apply
   * {@linkcode GalleryStore.changesSince}, compare again, and repeat.
   */
  | { readonly kind: "moved" };

/** The check of a template before it is added. */
export interface CheckedTemplate {
  /** Position of the index against which the template was checked. */
  readonly at: Position;
  /**
   * Time of the creation of the user for whom the template was checked. A user that was deleted and
   * created again is another one.
   */
  readonly createdAt: number;
  /** Tries that the template is. When one of them is not allowed, the result is "limited". */
  readonly tries?: readonly Try[];
  /**
   * Called with the users that have changed since, perhaps none, unless the user has a template of
   * the photo already. Nothing else can change until the template is stored. Throws when the template
   * may not be added.
   */
  readonly again: (users: readonly ChangedUser[]) => void;
}

/** Result of {@linkcode GalleryStore.addTemplate}. */
export type AddedTemplate =
  /** `added` is false when the user had a template of this photo and model before. */
  | { readonly kind: "stored"; readonly added: boolean; readonly template: StoredTemplate }
  | { readonly kind: "no_such_user" }
  /** Too many tries have failed. */
  | { readonly kind: "limited"; readonly refusal: TryRefusal }
  | { readonly kind: "too_many_templates"; readonly limit: number }
  /**
   * The gallery has changed too much since the check, or the store does not know its position.
   * Nothing is stored.
   */
  | { readonly kind: "moved" };

/** A page of a list. */
export interface Page<Item> {
  /** At most as many as were asked for. */
  readonly items: readonly Item[];
  /** Text that asks for the next page; missing on the last page. */
  readonly next?: string;
}

/** Number of users and templates of a model in a collection. */
export interface ModelCount {
  /** sha256 of the model, in lower-case hexadecimal. */
  readonly model: string;
  /** Number of users with at least one template of the model. */
  readonly users: number;
  /** Number of templates of the model. */
  readonly templates: number;
}

/** Options of {@linkcode GalleryStore.putUser}. */
export interface PutOptions {
  /** True: a user that is there stays as it is. */
  readonly onlyNew?: boolean;
  /** True: a user that would expire earlier than before stays as it is. */
  readonly keepsExpiry?: boolean;
  /** The call that the event of the change names. */
  readonly origin?: AuditOrigin;
}

/** Result of {@linkcode GalleryStore.putUser}. */
export interface PutResult {
  /** False when there was a user. */
  readonly created: boolean;
  /** The user as it is stored now. */
  readonly user: StoredUser;
  /** True when nothing was changed, because the user would expire earlier than before. */
  readonly shortens?: true;
}

/** The store of the gallery. Disposing of it closes the database. */
export interface GalleryStore extends AsyncDisposable {
  /**
   * Rejects unless the database answers and accepts changes. A standby accepts none. Does not find out
   * that a disk is full.
   */
  check(): Promise<void>;

  /** Returns the names of all collections that have users, sorted. */
  listCollections(): Promise<readonly string[]>;
  /** Counts the templates of a collection by model. */
  countByModel(collection: string): Promise<readonly ModelCount[]>;

  /** True when only users with a `consentRef` may have templates. */
  readonly requiresConsent: boolean;

  /**
   * Creates a user, or replaces all fields of a user. The user's templates stay. Equal fields change
   * nothing. A user that has expired is created new, without templates.
   *
   * Every change and its event are stored in one transaction.
   *
   * @param options With `onlyNew`, a user that is there stays as it is; `origin` is the call that the
   * event of this change names
   * @throws {ConsentMissing} when the user has templates, and would lose the consent that they need
   */
  putUser(key: UserKey, fields: UserFields, options?: PutOptions): Promise<PutResult>;
  /** Returns a user; undefined when there is none. */
  getUser(key: UserKey): Promise<StoredUser | undefined>;
  /**
   * Deletes a user with all templates.
   *
   * @param origin The call that the event of this change names
   * @returns False when there was no user
   */
  deleteUser(key: UserKey, origin?: AuditOrigin): Promise<boolean>;
  /**
   * Returns the users of a collection, sorted by user_id (in the order of its UTF-8 bytes).
   *
   * @param page `limit` is the greatest number of users; `cursor` is `next` of the page before
   * @throws {BadCursor} when the cursor is not one of this store
   * @throws {RangeError} when the limit is not an integer, or less than 1
   */
  listUsers(
    collection: string,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<StoredUser>>;

  /**
   * Adds a template to a user.
   *
   * @param checked Tells against which state the template was checked. Without it, the gallery may
   * have changed since
   * @param origin The call that the event of this change names
   * @throws the error of `checked.again`; nothing is stored then. Only a template that is stored has
   * an event: the caller records a refusal
   * @throws {ConsentMissing} when the user has no consent, and templates need one
   */
  addTemplate(
    key: UserKey,
    template: NewTemplate,
    checked?: CheckedTemplate,
    origin?: AuditOrigin,
  ): Promise<AddedTemplate>;
  /**
   * Creates or replaces several users and adds their templates, in one transaction: all or nothing.
   * Users and templates that are stored already stay. The number of a user's templates is not limited.
   *
   * @param users At most {@linkcode MAX_IMPORTED_USERS}, so that the transaction meets its deadline
   * @param part The part of a file that the users are. The store remembers it, and each user of a file
   * is imported once: one who was deleted since does not come back
   * @returns Number of templates that were added
   * @throws {RangeError} when there are more users, or when users of the file before this part were
   * not imported
   * @throws {ConsentMissing} when a user would have templates without the consent that they need
   */
  importUsers(users: readonly NewUser[], part?: FilePart): Promise<number>;
  /** Returns how far the import of a file came; undefined when it has not begun. */
  importState(file: ImportedFile): Promise<ImportState | undefined>;
  /** Returns a user's templates, in the order in which they were added; undefined without the user. */
  listTemplates(key: UserKey): Promise<readonly StoredTemplate[] | undefined>;
  /**
   * Deletes a template.
   *
   * @param origin The call that the event of this change names
   * @returns False when the user or the template does not exist
   */
  deleteTemplate(key: UserKey, templateId: string, origin?: AuditOrigin): Promise<boolean>;

  /** Returns the position of the newest change. */
  position(): Promise<Position>;
  /**
   * Reads users with their templates, for an index. A user that changes during the reading may be
   * old, new or missing: take {@linkcode position} before, and apply {@linkcode changesSince} after.
   *
   * @param collection The only collection to read; all by default
   * @throws {StoreDamaged} when a template cannot be decrypted
   */
  readUsers(collection?: string): AsyncIterable<IndexedUser>;
  /**
   * Returns the users that have changed since a position.
   *
   * @throws {StoreDamaged} when a template cannot be decrypted
   */
  changesSince(position: Position): Promise<Changes>;

  /**
   * Stores that a token is used. Call this before a change, so that nobody can repeat the change with
   * the token, on any replica.
   *
   * @param options `frees`: the change is a deletion, for which there is room on a full disk
   * @returns False when the token was used before, or has expired
   */
  useToken(token: CallToken, options?: { readonly frees?: boolean }): Promise<boolean>;
  /** Stores a decision, unless the gallery has changed or the token was used. */
  decide(decision: Decision): Promise<DecisionResult>;

  /** Returns the reason why one of the tries would not be allowed now; undefined when all would be. */
  checkTries(tries: readonly Try[]): Promise<TryRefusal | undefined>;
  /**
   * Counts a failure that is not a decision.
   *
   * @returns The reason when a limit was reached before: the caller may not tell that it failed
   */
  countFailure(tried: Try): Promise<TryRefusal | undefined>;
  /** True when no more tries are allowed for a user until {@linkcode unlock}, for at least one caller. */
  isLocked(key: UserKey): Promise<boolean>;
  /**
   * Forgets all failed tries about a user, also about one that does not exist.
   *
   * @param origin The call that the event of this change names
   */
  unlock(key: UserKey, origin?: AuditOrigin): Promise<void>;

  /** Stores an event that belongs to no change and no decision. Answer the call only afterwards. */
  record(event: AuditEvent): Promise<void>;
  /**
   * Returns the events of a collection, the newest first. A page can have fewer events than asked for,
   * or none, although there are more.
   *
   * @throws {BadCursor} when the cursor is not one of this list
   * @throws {RangeError} when the limit is not an integer, or less than 1
   */
  listEvents(collection: string, query: AuditQuery): Promise<Page<StoredEvent>>;
  /** Number of events that this process has stored since its last checkpoint. */
  readonly unsignedEvents: number;
  /** Signs the newest events of the audit's chains: see `gallery/audit/checkpoint.ts`. */
  signCheckpoints(scope: CheckpointScope): Promise<readonly AuditCheckpoint[]>;

  /**
   * Deletes expired users, decisions whose tokens have expired, old changes and old events. Nothing depends on
   * the time of the purge: users expire and tokens are refused without it.
   *
   * @returns Number of users that were deleted
   */
  purge(): Promise<number>;
  /**
   * Encrypts some of the templates of older keys with the first key. When none is left, forgets the
   * older keys, so that they can be taken out of the file.
   *
   * @param limit Greatest number of templates
   * @returns Number of templates that were encrypted. 0 means that all have the first key
   */
  reencrypt(limit: number): Promise<number>;
}

/** Error for a database that is away, full or too slow. Its cause is for the log only. */
export class StoreUnavailable extends Error {
  /** Name of the class. */
  override readonly name = "StoreUnavailable";
}

/**
 * Error for a row that cannot be decrypted: it was damaged or moved. The message names the row and
 * its user, so a service does not log it.
 */
export class StoreDamaged extends Error {
  /** Name of the class. */
  override readonly name = "StoreDamaged";
  /** Id of the template. */
  readonly templateId: string;

  /** Makes the error. */
  constructor(message: string, templateId: string) {
    super(message);
    this.templateId = templateId;
  }
}

/** Error for a user who would have templates without a `consentRef`, which the store refuses. */
export class ConsentMissing extends Error {
  /** Name of the class. */
  override readonly name = "ConsentMissing";
}

/** Error for a cursor that no page had. */
export class BadCursor extends Error {
  /** Name of the class. */
  override readonly name = "BadCursor";
}
