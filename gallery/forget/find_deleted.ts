/** Finds users and templates of a store that were deleted after the backup that it comes from. */

import type { Database } from "../store/database.ts";
import type { UserKey } from "../store/store.ts";

/** A user as one person's entry: who gets the same user_id later is another one. */
export interface UserEntry extends UserKey {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970. Infinity: the user does not expire. */
  readonly expiresAt: number;
}

/** A template and its user. */
export interface TemplateEntry extends UserKey {
  readonly templateId: string;
}

/** Tells what happened after the backup. */
export interface Since {
  isUserDeleted(user: UserEntry): boolean;
  isTemplateDeleted(template: TemplateEntry): boolean;
  /** Returns the time from which the user did not exist any more; Infinity when it is not known. */
  expiryOf(user: UserEntry): number;
}

/** Entries that the backup has and should not have any more. */
export interface Found {
  readonly users: readonly UserEntry[];
  readonly templates: readonly TemplateEntry[];
  /** Users who expire earlier than the backup says, with the earlier time. */
  readonly expiring: readonly UserEntry[];
}

const PER_PAGE = 500;

/** Searches all users, also expired ones, and all templates. */
export async function findDeleted(database: Database, since: Since): Promise<Found> {
  const users: UserEntry[] = [], templates: TemplateEntry[] = [], expiring: UserEntry[] = [];
  for await (const user of readEntries(database)) {
    const expiresAt = since.expiryOf(user);
    if (since.isUserDeleted(user)) users.push(user);
    else if (expiresAt < user.expiresAt) expiring.push({ ...user, expiresAt });
  }
  for await (const template of readTemplates(database)) {
    if (since.isTemplateDeleted(template)) templates.push(template);
  }
  return { users, templates, expiring };
}

/** Reads all users, also expired ones. */
export async function* readEntries(database: Database): AsyncGenerator<UserEntry> {
  let after: UserKey = { collection: "", userId: "" };
  for (;;) {
    const { collection, userId } = after;
    const rows = await database.transaction((transaction) =>
      transaction.query(
        `SELECT collection, user_id, created_at, expires_at FROM gallery_users
          WHERE (collection, user_id) > ($1, $2) ORDER BY collection, user_id LIMIT $3`,
        collection,
        userId,
        PER_PAGE,
      )
    );
    const page = rows.map((row) => ({
      collection: row["collection"] as string,
      userId: row["user_id"] as string,
      createdAt: row["created_at"] as number,
      expiresAt: row["expires_at"] as number | null ?? Infinity,
    }));
    yield* page;
    if (page.length < PER_PAGE) return;
    after = page.at(-1)!;
  }
}

/** Reads the names of all templates. */
export async function* readTemplates(database: Database): AsyncGenerator<TemplateEntry> {
  let after = "";
  for (;;) {
    const from = after;
    const rows = await database.transaction((transaction) =>
      transaction.query(
        `SELECT template_id, collection, user_id FROM gallery_templates
          WHERE template_id > $1 ORDER BY template_id LIMIT $2`,
        from,
        PER_PAGE,
      )
    );
    const page = rows.map((row) => ({
      templateId: row["template_id"] as string,
      collection: row["collection"] as string,
      userId: row["user_id"] as string,
    }));
    yield* page;
    if (page.length < PER_PAGE) return;
    after = page.at(-1)!.templateId;
  }
}
