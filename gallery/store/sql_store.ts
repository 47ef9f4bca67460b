/** The store on a database that speaks SQL. Both stores are this one, with another database. */

import { createHmac } from "node:crypto";
import { isUserText } from "../../shared/contract/user_text.ts";
import { addChange, changesAfter, newestPosition, pruneChanges } from "./change_log.ts";
import { type Database, Rollback, type Transaction } from "./database.ts";
import { forgetOlderKeys, openPhotoKey } from "./key_check.ts";
import { migrate } from "./migrations.ts";
import { decodeCursor, encodeCursor } from "./page_cursor.ts";
import { decideOnce, purgeDecisions } from "./decisions.ts";
import type {
  AddedTemplate,
  Changes,
  Decision,
  DecisionResult,
  GalleryStore,
  IndexedUser,
  ModelCount,
  NewTemplate,
  Page,
  Position,
  StoredTemplate,
  StoredUser,
  UserFields,
  UserKey,
} from "./store.ts";
import { PHOTO_BYTES, sealTemplate, unsealTemplate } from "./template_cipher.ts";
import type { TemplateKeys } from "./template_keys.ts";
import {
  findOlderKeys,
  findPhoto,
  insertTemplate,
  listTemplateRows,
  readIndexedUsers,
  removeTemplate,
  replaceSealed,
} from "./templates.ts";
import { findUser, hasExpired, listUserRows, removeUser, writeUser } from "./users.ts";

/** Options of a store. */
export interface StoreOptions {
  /** Keys that encrypt templates. */
  readonly keys: TemplateKeys;
  /** Returns milliseconds since 1970. */
  readonly now?: () => number;
  /** Greatest number of templates of a user. */
  readonly maxTemplates?: number;
  /** Number of changes that {@linkcode GalleryStore.purge} keeps. */
  readonly keptChanges?: number;
  /** Greatest number of changes that one call of {@linkcode GalleryStore.changesSince} reads. */
  readonly changesPerRead?: number;
}

/** Number of users that one statement reads or deletes. */
const USERS_PER_STATEMENT = 500;

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
    { exclusive: true },
  );
  return new SqlStore(database, photoKey, options);
}

class SqlStore implements GalleryStore {
  readonly #database: Database;
  readonly #photoKey: Uint8Array;
  readonly #options: Required<StoreOptions>;

  constructor(database: Database, photoKey: Uint8Array, options: StoreOptions) {
    this.#database = database;
    this.#photoKey = photoKey;
    this.#options = {
      now: Date.now,
      maxTemplates: 20,
      keptChanges: 100_000,
      changesPerRead: 1000,
      ...options,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  async check(): Promise<void> {
    await this.position();
  }

  async listCollections(): Promise<readonly string[]> {
    const rows = await this.#database.transaction((transaction) =>
      transaction.query("SELECT DISTINCT collection FROM gallery_users ORDER BY collection")
    );
    return rows.map((row) => row["collection"] as string);
  }

  async countByModel(collection: string): Promise<readonly ModelCount[]> {
    checkTexts(collection);
    const rows = await this.#database.transaction((transaction) =>
      transaction.query(
        `SELECT model, count(DISTINCT user_id) AS users, count(*) AS templates
          FROM gallery_templates WHERE collection = $1 GROUP BY model ORDER BY model`,
        collection,
      )
    );
    return rows.map((row) => ({
      model: row["model"] as string,
      users: row["users"] as number,
      templates: row["templates"] as number,
    }));
  }

  putUser(key: UserKey, fields: UserFields): Promise<{ created: boolean; user: StoredUser }> {
    checkTexts(key.collection, key.userId, fields.name, fields.consentRef);
    checkTime(fields.expiresAt);
    const now = this.#options.now();
    return this.#change(async (transaction) => {
      let old = await findUser(transaction, key);
      if (old && hasExpired(old, now)) {
        await removeUser(transaction, key);
        old = undefined;
      }
      if (old && sameFields(old, fields)) return new Rollback({ created: false, user: old });
      const { name, consentRef, expiresAt } = fields;
      const user: StoredUser = {
        collection: key.collection,
        userId: key.userId,
        name,
        ...(consentRef === undefined ? {} : { consentRef }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
        createdAt: old?.createdAt ?? now,
        updatedAt: now,
        ...(old?.lastSeenAt === undefined ? {} : { lastSeenAt: old.lastSeenAt }),
        templates: old?.templates ?? 0,
      };
      await writeUser(transaction, user);
      await addChange(transaction, key);
      return { created: old === undefined, user };
    });
  }

  async getUser(key: UserKey): Promise<StoredUser | undefined> {
    checkTexts(key.collection, key.userId);
    return await this.#database.transaction((transaction) => this.#findUser(transaction, key));
  }

  deleteUser(key: UserKey): Promise<boolean> {
    checkTexts(key.collection, key.userId);
    return this.#change(async (transaction) => {
      const user = await this.#findUser(transaction, key);
      if (!await removeUser(transaction, key)) return new Rollback(false);
      await addChange(transaction, key);
      return user !== undefined;
    });
  }

  async listUsers(
    collection: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<StoredUser>> {
    checkTexts(collection);
    const after = cursor === undefined ? "" : decodeCursor(cursor);
    const now = this.#options.now();
    const users = await this.#database.transaction((transaction) =>
      listUserRows(transaction, collection, { after, limit: limit + 1, now })
    );
    const items = users.slice(0, limit);
    return users.length > limit ? { items, next: encodeCursor(items.at(-1)!.userId) } : { items };
  }

  addTemplate(key: UserKey, template: NewTemplate, at?: Position): Promise<AddedTemplate> {
    checkTexts(key.collection, key.userId, template.model);
    const { photo, model, embedding } = template;
    if (photo.length !== PHOTO_BYTES) {
      throw new RangeError(`The digest of the photo has ${photo.length} bytes`);
    }
    if (embedding.length === 0 || !embedding.every(Number.isFinite)) {
      throw new RangeError("The embedding is empty or not finite");
    }
    const photoHash = new Uint8Array(
      createHmac("sha256", this.#photoKey).update(photo).digest(),
    );
    const templateId = crypto.randomUUID();
    const name = { collection: key.collection, userId: key.userId, templateId, model };
    const sealed = sealTemplate(this.#options.keys, name, { photo, embedding });
    const createdAt = this.#options.now();
    return this.#change<AddedTemplate>(async (transaction) => {
      const user = await this.#findUser(transaction, key);
      if (user === undefined) return new Rollback({ kind: "no_such_user" });
      const known = await findPhoto(transaction, key, model, photoHash);
      if (known) return new Rollback({ kind: "stored", added: false, template: known });
      if (at && !samePosition(at, await newestPosition(transaction))) {
        return new Rollback({ kind: "moved" });
      }
      const limit = this.#options.maxTemplates;
      if (user.templates >= limit) return new Rollback({ kind: "too_many_templates", limit });
      await insertTemplate(transaction, name, { photo: photoHash, createdAt, sealed });
      await addChange(transaction, key);
      return { kind: "stored", added: true, template: { templateId, model, createdAt } };
    });
  }

  async listTemplates(key: UserKey): Promise<readonly StoredTemplate[] | undefined> {
    checkTexts(key.collection, key.userId);
    return await this.#database.transaction(async (transaction) =>
      await this.#findUser(transaction, key) && await listTemplateRows(transaction, key)
    );
  }

  deleteTemplate(key: UserKey, templateId: string): Promise<boolean> {
    checkTexts(key.collection, key.userId, templateId);
    return this.#change(async (transaction) => {
      const user = await this.#findUser(transaction, key);
      if (!user || !await removeTemplate(transaction, key, templateId)) return new Rollback(false);
      await addChange(transaction, key);
      return true;
    });
  }

  position(): Promise<Position> {
    return this.#database.transaction(newestPosition);
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
          USERS_PER_STATEMENT,
        )
      );
      const now = this.#options.now();
      yield* page.filter((user) => !hasExpired(user, now));
      if (page.length < USERS_PER_STATEMENT) return;
      ({ collection, userId } = page.at(-1)!);
    }
  }

  changesSince(position: Position): Promise<Changes> {
    const now = this.#options.now();
    return this.#database.transaction<Changes>(async (transaction) => {
      const missed = await changesAfter(transaction, position, this.#options.changesPerRead);
      if (missed === undefined) return { kind: "rebuild" };
      if (missed.users.length === 0) return { kind: "changes", ...missed, users: [] };
      const present = await readIndexedUsers(
        transaction,
        this.#options.keys,
        `SELECT * FROM gallery_users WHERE (collection, user_id) IN (
          SELECT collection, user_id FROM gallery_changes WHERE n > $1 AND n <= $2)`,
        position.n,
        missed.position.n,
      );
      const users = missed.users.map((key) => {
        const user = present.find((user) =>
          user.collection === key.collection && user.userId === key.userId
        );
        return { ...key, user: user && !hasExpired(user, now) ? user : undefined };
      });
      return { kind: "changes", ...missed, users };
    });
  }

  decide(decision: Decision): Promise<DecisionResult> {
    const { jti, matched } = decision;
    checkTexts(jti, matched?.collection, matched?.userId);
    const now = this.#options.now();
    return this.#database.transaction((transaction) => decideOnce(transaction, decision, now));
  }

  async purge(): Promise<number> {
    const now = this.#options.now();
    await this.#database.transaction(async (transaction) => {
      await purgeDecisions(transaction, now);
      await pruneChanges(transaction, this.#options.keptChanges);
    });
    let deleted = 0;
    for (;;) {
      const count = await this.#change(async (transaction) => {
        const rows = await transaction.query(
          "SELECT collection, user_id FROM gallery_users WHERE expires_at <= $1 LIMIT $2",
          now,
          USERS_PER_STATEMENT,
        );
        for (const row of rows) {
          const key = {
            collection: row["collection"] as string,
            userId: row["user_id"] as string,
          };
          await removeUser(transaction, key);
          await addChange(transaction, key);
        }
        return rows.length;
      });
      deleted += count;
      if (count < USERS_PER_STATEMENT) return deleted;
    }
  }

  reencrypt(limit: number): Promise<number> {
    const { keys } = this.#options;
    return this.#change(async (transaction) => {
      const rows = await findOlderKeys(transaction, keys[0].id, limit);
      for (const row of rows) {
        const sealed = sealTemplate(keys, row, unsealTemplate(keys, row, row));
        await replaceSealed(transaction, row, sealed);
      }
      if (rows.length < limit) await forgetOlderKeys(transaction, keys);
      return rows.length;
    });
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

const sameFields = (a: UserFields, b: UserFields): boolean =>
  a.name === b.name && a.consentRef === b.consentRef && a.expiresAt === b.expiresAt;

const samePosition = (a: Position, b: Position): boolean => a.n === b.n && a.id === b.id;

/** Refuses texts that the databases would change, such as half a surrogate pair. */
function checkTexts(...texts: readonly (string | undefined)[]): void {
  for (const text of texts) {
    if (text !== undefined && !isUserText(text)) {
      throw new RangeError("A text for the store is empty, too long, or has control characters");
    }
  }
}

function checkTime(time: number | undefined): void {
  if (time !== undefined && !Number.isSafeInteger(time)) {
    throw new RangeError("A time for the store is not an integer");
  }
}
