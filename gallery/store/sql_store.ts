/** The store on a database that speaks SQL. Both stores are this one, with another database. */

import { AuditChains } from "../audit/chains.ts";
import type {
  AuditCheckpoint,
  AuditEvent,
  AuditOrigin,
  AuditQuery,
  CheckpointScope,
  StoredEvent,
} from "../audit/event.ts";
import { listEvents } from "../audit/list.ts";
import { createDeletionMarks, type Deletion, type DeletionMarks } from "../forget/deletion_mark.ts";
import { deriveAuditKeys } from "../audit/seal.ts";
import { addChanges, changesAfter, newestPosition } from "./change_log.ts";
import { type Database, Rollback, type Transaction, type TransactionOptions } from "./database.ts";
import { openPhotoKey } from "./key_check.ts";
import { type AuditKept, purgeDatabase, reencryptTemplates } from "./maintenance.ts";
import { migrate } from "./migrations.ts";
import { type CountByModel, createModelCounts } from "./model_counts.ts";
import { decodeCursor, encodeCursor } from "./page_cursor.ts";
import { decideOnce, useToken } from "./decisions.ts";
import {
  type AddedTemplate,
  type CallToken,
  type Changes,
  type CheckedTemplate,
  ConsentMissing,
  type Decision,
  type DecisionResult,
  type FilePart,
  type GalleryStore,
  type ImportedFile,
  type ImportState,
  type IndexedUser,
  MAX_IMPORTED_USERS,
  type ModelCount,
  type NewTemplate,
  type NewUser,
  type Page,
  type Position,
  type PutOptions,
  type PutResult,
  type StoredTemplate,
  type StoredUser,
  StoreUnavailable,
  type Try,
  type UserFields,
  type UserKey,
} from "./store.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";
import {
  insertTemplates,
  leaveOutKnown,
  listTemplateRows,
  readIndexedUsers,
  removeTemplate,
} from "./templates.ts";
import {
  addTemplateRow,
  checkKey,
  checkTexts,
  checkTry,
  checkUser,
  putUserRow,
  sealNewTemplate,
  type UsersExpired,
} from "./user_changes.ts";
import { advanceImport, readImportState } from "./imports.ts";
import {
  countTry,
  deriveTriesKey,
  findRefusal,
  forgetTries,
  isLocked,
  MAX_TRIES_ROWS,
  type TriesOptions,
  trimTries,
} from "./tries.ts";
import { DEFAULT_TRIES, type TriesPolicy, type TryRefusal } from "./tries_policy.ts";
import { findUser, hasExpired, listUserRows, removeUser } from "./users.ts";

/** Options of a store. */
export interface StoreOptions {
  /** Keys that encrypt templates. */
  readonly keys: TemplateKeys;
  /** Returns milliseconds since 1970. */
  readonly now?: () => number;
  /** Greatest number of templates of a user. */
  readonly maxTemplates?: number;
  /** Greatest number of changes that {@linkcode GalleryStore.purge} keeps. */
  readonly keptChanges?: number;
  /** Milliseconds after which {@linkcode GalleryStore.purge} deletes changes. */
  readonly changesKeptMs?: number;
  /** Greatest number of changes that one call of {@linkcode GalleryStore.changesSince} reads. */
  readonly changesPerRead?: number;
  /** Number of users that one statement of a long list reads or deletes. */
  readonly usersPerStatement?: number;
  /** Number of rows of a table, or of templates of users, that one transaction of a purge deletes. */
  readonly rowsPerPurge?: number;
  /** Limits on failed tries. */
  readonly tries?: TriesPolicy;
  /** Greatest number of counts of failures that are kept, of locked users and of all others each. */
  readonly maxTries?: number;
  /**
   * Called with the mark of each user and template, before its deletion is stored. A deletion that
   * fails afterwards was called, too.
   */
  readonly onDeletion?: (deletion: Deletion) => void;
  /** True: only users with a `consentRef` may have templates. */
  readonly requireConsent?: boolean;
  /** Milliseconds after which {@linkcode GalleryStore.purge} deletes events; never by default. */
  readonly auditKeptMs?: number;
  /** Called by each {@linkcode GalleryStore.purge}, also without chains. */
  readonly onAuditKept?: AuditKept;
}

/**
 * Opens the store on a database: makes or migrates its tables, and checks the keys.
 *
 * @throws {ConfigError} when the tables are newer than this program, or the keys do not fit
 * @throws {StoreUnavailable} when the database fails
 */
export async function openSqlStore(
  database: Database,
  options: StoreOptions,
): Promise<GalleryStore> {
  await migrate(database);
  const photoKey = await database.transaction(
    (transaction) => openPhotoKey(transaction, options.keys),
    { exclusive: true, frees: true },
  );
  return new SqlStore(database, photoKey, options);
}

/** Users that one transaction of a purge deletes. */
const USERS_PER_PURGE = 100;
/**
 * Rows that one transaction of a purge deletes. The largest ones, templates of 512 numbers, take up
 * half of the room that is kept for a full disk.
 */
const ROWS_PER_PURGE = 2000;
/** The bound on counts is exceeded by at most this part of it for each process. */
const TRIMS_PER_MAX_TRIES = 200;

class SqlStore implements GalleryStore {
  readonly #database: Database;
  readonly #photoKey: Uint8Array;
  readonly #options: Required<StoreOptions>;
  readonly #countByModel: CountByModel;
  readonly #triesKey: Uint8Array;
  /** Number of failures that were counted since the last trim. */
  #failures = 0;
  readonly #audit: AuditChains;
  readonly #marks: DeletionMarks;

  constructor(database: Database, photoKey: Uint8Array, options: StoreOptions) {
    this.#database = database;
    this.#photoKey = photoKey;
    this.#triesKey = deriveTriesKey(photoKey);
    this.#marks = createDeletionMarks(photoKey);
    this.#countByModel = createModelCounts(database);
    this.#options = {
      now: Date.now,
      maxTemplates: 20,
      keptChanges: 100_000,
      changesKeptMs: 24 * 60 * 60 * 1000,
      changesPerRead: 1000,
      usersPerStatement: 500,
      rowsPerPurge: ROWS_PER_PURGE,
      tries: DEFAULT_TRIES,
      maxTries: MAX_TRIES_ROWS,
      requireConsent: false,
      onDeletion: () => {},
      auditKeptMs: Infinity,
      onAuditKept: () => {},
      ...options,
    };
    const auditKeys = deriveAuditKeys(photoKey);
    this.#audit = new AuditChains(database, auditKeys, this.#options.now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  async check(): Promise<void> {
    await this.position();
  }

  get requiresConsent(): boolean {
    return this.#options.requireConsent;
  }

  async listCollections(): Promise<readonly string[]> {
    const rows = await this.#database.transaction((transaction) =>
      transaction.query("SELECT DISTINCT collection FROM gallery_users ORDER BY collection")
    );
    return rows.map((row) => row["collection"] as string);
  }

  async countByModel(collection: string): Promise<readonly ModelCount[]> {
    checkTexts(collection);
    return await this.#countByModel(collection);
  }

  async putUser(
    key: UserKey,
    fields: UserFields,
    { origin, ...options }: PutOptions = {},
  ): Promise<PutResult> {
    checkUser(key, fields);
    const now = this.#options.now();
    const { changed: _, ...result } = await this.#recordedChange(async (transaction) => {
      const result = await putUserRow(transaction, key, fields, {
        ...options,
        now,
        onExpired: this.#usersExpired,
      });
      if (!result.changed) return new Rollback(result);
      this.#checkConsent(result.user);
      await addChanges(transaction, [key], now);
      return result;
    }, ({ created, changed, shortens }) => ({
      ...origin,
      ...key,
      kind: "user",
      outcome: created
        ? "created"
        : options.onlyNew
        ? "user_exists"
        : shortens
        ? "forbidden_scope"
        : changed
        ? "updated"
        : "unchanged",
    }));
    return result;
  }

  async getUser(key: UserKey): Promise<StoredUser | undefined> {
    checkKey(key);
    return await this.#database.transaction((transaction) => this.#findUser(transaction, key));
  }

  async deleteUser(key: UserKey, origin?: AuditOrigin): Promise<boolean> {
    checkKey(key);
    return await this.#recordedChange(async (transaction) => {
      const found = await findUser(transaction, key);
      const existed = found !== undefined && !hasExpired(found, this.#options.now());
      if (found) this.#deleted(this.#marks.ofUser(found));
      const removed = await removeUser(transaction, key);
      const forgotten = await forgetTries(transaction, [key], this.#triesOptions());
      if (!removed) return forgotten ? false : new Rollback(false);
      await addChanges(transaction, [key], this.#options.now());
      return existed;
    }, (existed) => ({
      // Without the user: others may know who was deleted at this time.
      ...origin,
      collection: key.collection,
      kind: "deletion",
      outcome: existed ? "deleted" : "user_not_found",
    }), { frees: true });
  }

  async listUsers(
    collection: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<StoredUser>> {
    checkTexts(collection);
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RangeError("A page has at least one user");
    }
    const after = cursor === undefined ? "" : decodeCursor(cursor);
    const now = this.#options.now();
    const users = await this.#database.transaction((transaction) =>
      listUserRows(transaction, collection, { after, limit: limit + 1, now })
    );
    const items = users.slice(0, limit);
    return users.length > limit ? { items, next: encodeCursor(items.at(-1)!.userId) } : { items };
  }

  async addTemplate(
    key: UserKey,
    template: NewTemplate,
    checked?: CheckedTemplate,
    origin?: AuditOrigin,
  ): Promise<AddedTemplate> {
    const options = { ...this.#options, photoKey: this.#photoKey, now: this.#options.now() };
    const sealed = sealNewTemplate(key, template, options);
    const checkAgain = checked && (async (transaction: Transaction) => {
      const changes = await this.#changesSince(transaction, checked.at, options.now);
      if (changes.kind === "rebuild" || changes.more) return false;
      checked.again(changes.users);
      return true;
    });
    const tries = checked?.tries ?? [];
    tries.forEach(checkTry);
    const triesOptions = this.#triesOptions();
    return await this.#recordedChange(
      async (transaction) => {
        const refusal = await findRefusal(transaction, tries, triesOptions);
        if (refusal) return new Rollback<AddedTemplate>({ kind: "limited", refusal });
        return await addTemplateRow(transaction, sealed, {
          ...options,
          ...(checked && checkAgain && { createdAt: checked.createdAt, checkAgain }),
        });
      },
      (result) =>
        result.kind !== "stored" ? undefined : {
          ...origin,
          ...key,
          kind: "enrolment",
          outcome: result.added ? "added" : "known",
        },
    );
  }

  async importUsers(users: readonly NewUser[], part?: FilePart): Promise<number> {
    if (users.length > MAX_IMPORTED_USERS) {
      throw new RangeError(`An import stores at most ${MAX_IMPORTED_USERS} users at once`);
    }
    const { keys, now: clock } = this.#options;
    const options = { keys, photoKey: this.#photoKey, now: clock() };
    const prepared = users.map((user) => {
      checkUser(user, user);
      const templates = user.templates.map((template) => sealNewTemplate(user, template, options));
      return { user, templates };
    });
    if (part) checkTexts(part.sha256, part.collection);
    return await this.#audit.transaction(async (transaction, append) => {
      const known = part ? await advanceImport(transaction, part, users.length, options.now) : 0;
      let total = 0;
      const changes: UserKey[] = [];
      const events: AuditEvent[] = [];
      for (const { user, templates } of prepared.slice(known)) {
        const { changed, user: stored } = await putUserRow(transaction, user, user, {
          now: options.now,
          onExpired: this.#usersExpired,
        });
        const isStored = !hasExpired(user, options.now);
        if (isStored) {
          this.#checkConsent({ ...user, templates: stored.templates + templates.length });
        }
        const missing = isStored && stored.templates > 0
          ? await leaveOutKnown(transaction, user, templates)
          : templates;
        const added = isStored ? await insertTemplates(transaction, missing) : 0;
        if (changed || added > 0) {
          const { collection, userId } = user;
          changes.push({ collection, userId });
          const kind = added > 0 ? "enrolment" : "user";
          events.push({ collection, userId, kind, outcome: "imported" });
        }
        total += added;
      }
      await addChanges(transaction, changes, options.now);
      await append(events);
      return total;
    }, { exclusive: true });
  }

  async importState(file: ImportedFile): Promise<ImportState | undefined> {
    checkTexts(file.sha256, file.collection);
    return await this.#database.transaction((transaction) => readImportState(transaction, file));
  }

  async listTemplates(key: UserKey): Promise<readonly StoredTemplate[] | undefined> {
    checkKey(key);
    return await this.#database.transaction(async (transaction) =>
      await this.#findUser(transaction, key) && await listTemplateRows(transaction, key)
    );
  }

  async deleteTemplate(
    key: UserKey,
    templateId: string,
    origin?: AuditOrigin,
  ): Promise<boolean> {
    checkKey(key);
    checkTexts(templateId);
    return await this.#recordedChange(async (transaction) => {
      const user = await this.#findUser(transaction, key);
      if (!user || !await removeTemplate(transaction, key, templateId)) return new Rollback(false);
      this.#deleted(this.#marks.ofTemplate(templateId));
      await addChanges(transaction, [key], this.#options.now());
      return true;
    }, (existed) => ({
      ...origin,
      ...key,
      kind: "template_deletion",
      outcome: existed ? "deleted" : "not_found",
    }), { frees: true });
  }

  async position(): Promise<Position> {
    return await this.#database.transaction(newestPosition);
  }

  async *readUsers(only?: string): AsyncIterable<IndexedUser> {
    if (only !== undefined) checkTexts(only);
    let collection = only ?? "", userId = "";
    for (;;) {
      const page = await this.#database.transaction((transaction) =>
        readIndexedUsers(
          transaction,
          this.#options.keys,
          `SELECT * FROM gallery_users
            WHERE (collection, user_id) > ($1, $2)${
            only === undefined ? "" : " AND collection = $1"
          }
            ORDER BY collection, user_id LIMIT $3`,
          collection,
          userId,
          this.#options.usersPerStatement,
        )
      );
      const now = this.#options.now();
      yield* page.filter((user) => !hasExpired(user, now));
      if (page.length < this.#options.usersPerStatement) return;
      ({ collection, userId } = page.at(-1)!);
    }
  }

  async changesSince(position: Position): Promise<Changes> {
    const now = this.#options.now();
    return await this.#database.transaction((transaction) =>
      this.#changesSince(transaction, position, now)
    );
  }

  async useToken(token: CallToken, { frees = false } = {}): Promise<boolean> {
    checkTexts(token.jti);
    const now = this.#options.now();
    return await this.#database.transaction(
      (transaction) => useToken(transaction, token, now),
      { frees },
    );
  }

  async decide(decision: Decision): Promise<DecisionResult> {
    const { jti, matched, tried, event } = decision;
    checkTexts(jti, matched?.collection, matched?.userId, ...textsOf(event));
    if (tried) checkTry(tried);
    const options = this.#triesOptions();
    const result = await this.#audit.transaction((transaction, append) =>
      decideOnce(transaction, decision, append, options)
    );
    if (tried?.outcome === "failed" && result.kind === "decided") await this.#failureCounted();
    return result;
  }

  async record(event: AuditEvent): Promise<void> {
    checkTexts(...textsOf(event));
    await this.#audit.transaction((_transaction, append) => append([event]));
  }

  async listEvents(collection: string, query: AuditQuery): Promise<Page<StoredEvent>> {
    checkTexts(collection, query.userId, query.key);
    if (!Number.isSafeInteger(query.limit) || query.limit < 1) {
      throw new RangeError("A page has at least one event");
    }
    const now = this.#options.now();
    return await this.#database.transaction((transaction) =>
      listEvents(transaction, collection, query, now)
    );
  }

  async checkTries(tries: readonly Try[]): Promise<TryRefusal | undefined> {
    tries.forEach(checkTry);
    const options = this.#triesOptions();
    return await this.#database.transaction((transaction) =>
      findRefusal(transaction, tries, options)
    );
  }

  async countFailure(tried: Try): Promise<TryRefusal | undefined> {
    checkTry(tried);
    const options = this.#triesOptions();
    const refusal = await this.#database.transaction(async (transaction) => {
      const { refusal } = await countTry(transaction, tried, "failed", options);
      return refusal ? new Rollback(refusal) : undefined;
    });
    if (refusal === undefined) await this.#failureCounted();
    return refusal;
  }

  async isLocked(key: UserKey): Promise<boolean> {
    checkKey(key);
    const options = this.#triesOptions();
    return await this.#database.transaction((transaction) => isLocked(transaction, key, options));
  }

  async unlock(key: UserKey, origin?: AuditOrigin): Promise<void> {
    checkKey(key);
    const options = this.#triesOptions();
    await this.#recordedChange(
      (transaction) => forgetTries(transaction, [key], options),
      () => ({ ...origin, ...key, kind: "unlock", outcome: "unlocked" }),
    );
  }

  get unsignedEvents(): number {
    return this.#audit.unsigned;
  }

  async signCheckpoints(scope: CheckpointScope): Promise<readonly AuditCheckpoint[]> {
    return await this.#audit.checkpoints(scope);
  }

  async purge(): Promise<number> {
    const options = {
      ...this.#options,
      now: this.#options.now(),
      usersPerStatement: Math.min(this.#options.usersPerStatement, USERS_PER_PURGE),
      onExpired: this.#usersExpired,
      trimTries: () => this.#trimTries(),
    };
    return await purgeDatabase(this.#database, this.#audit, options);
  }

  async reencrypt(limit: number): Promise<number> {
    const { keys } = this.#options;
    return await this.#change((transaction) => reencryptTemplates(transaction, keys, limit));
  }

  async #changesSince(
    transaction: Transaction,
    position: Position,
    now: number,
  ): Promise<Changes> {
    const missed = await changesAfter(transaction, position, this.#options.changesPerRead);
    if (missed === undefined) return { kind: "rebuild" };
    if (missed.users.length === 0) return { kind: "changes", ...missed, users: [] };
    const [present, known] = await Promise.all([
      readIndexedUsers(
        transaction,
        this.#options.keys,
        `SELECT * FROM gallery_users WHERE (collection, user_id) IN (
          SELECT collection, user_id FROM gallery_changes WHERE n > $1 AND n <= $2)`,
        position.n,
        missed.position.n,
      ),
      // A purge deletes the oldest changes first. While this one is there, so were the others.
      changesAfter(transaction, position, 0),
    ]);
    if (known === undefined) return { kind: "rebuild" };
    const users = missed.users.map((key) => {
      const user = present.find((user) =>
        user.collection === key.collection && user.userId === key.userId
      );
      return { ...key, user: user && !hasExpired(user, now) ? user : undefined };
    });
    return { kind: "changes", ...missed, users };
  }

  /** Whoever gets a user_id later begins without failures of the user who has expired. */
  readonly #usersExpired: UsersExpired = async (transaction, users) => {
    for (const user of users) this.#deleted(this.#marks.ofUser(user));
    await forgetTries(transaction, users, this.#triesOptions());
  };

  /** Tells a deletion before it is stored: none is missing in the log, whenever the process ends. */
  #deleted(mark: string): void {
    const { onDeletion, now } = this.#options;
    onDeletion({ store: this.#marks.store, time: new Date(now()).toISOString(), mark });
  }

  /** @throws {ConsentMissing} when a user has templates without a consent that they need */
  #checkConsent({ consentRef, templates }: Pick<StoredUser, "consentRef" | "templates">): void {
    if (!this.#options.requireConsent || consentRef !== undefined || templates === 0) return;
    throw new ConsentMissing("A user with templates has no consent");
  }

  #triesOptions(): TriesOptions {
    const { tries: policy, now } = this.#options;
    return { policy, hashKey: this.#triesKey, now: now() };
  }

  /** Keeps the number of counts bounded. A failure is stored by now, so an error here is no error of it. */
  async #failureCounted(): Promise<void> {
    this.#failures++;
    if (this.#failures < this.#options.maxTries / TRIMS_PER_MAX_TRIES) return;
    try {
      await this.#trimTries();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  async #trimTries(): Promise<number> {
    this.#failures = 0;
    const { maxTries, rowsPerPurge } = this.#options;
    const options = this.#triesOptions();
    return await this.#database.transaction(
      (transaction) => trimTries(transaction, options, maxTries, rowsPerPurge),
      { exclusive: true, frees: true },
    );
  }

  /**
   * Makes a change and stores its event. A change that changes nothing is rolled back; its event is
   * then stored by itself, and never in the room that is kept for a full disk.
   *
   * @param eventOf Returns the event; undefined for a result that has none
   */
  async #recordedChange<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
    eventOf: (result: Result) => AuditEvent | undefined,
    { frees = false }: Pick<TransactionOptions, "frees"> = {},
  ): Promise<Result> {
    let isRolledBack = false;
    const result = await this.#audit.transaction(async (transaction, append) => {
      const result = await run(transaction);
      isRolledBack = result instanceof Rollback;
      if (result instanceof Rollback) return result;
      const event = eventOf(result);
      if (event !== undefined) await append([event]);
      return result;
    }, { exclusive: true, frees });
    const event = isRolledBack ? eventOf(result) : undefined;
    if (event !== undefined) await this.record(event);
    return result;
  }

  #change<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
  ): Promise<Result> {
    return this.#database.transaction(run, { exclusive: true });
  }

  async #findUser(transaction: Transaction, key: UserKey): Promise<StoredUser | undefined> {
    const user = await findUser(transaction, key);
    return user && !hasExpired(user, this.#options.now()) ? user : undefined;
  }
}

const textsOf = (event: AuditEvent | undefined): (string | undefined)[] => [
  event?.collection,
  event?.userId,
  event?.key,
  event?.requestId,
];
