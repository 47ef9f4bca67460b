/** Finds users and templates of a store that were deleted after the backup that it comes from. */

import type { Database } from "../store/database.ts";
import type { UserKey } from "../store/store.ts";

/** A user as one person's entry: who gets the same user_id later is another one. */
export interface UserEntry extends UserKey {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A template and its user. */
export interface TemplateEntry extends UserKey {
  readonly templateId: string;
}

/** Tells what is deleted. */
export interface IsDeleted {
  user(user: UserEntry): boolean | Promise<boolean>;
  template(template: TemplateEntry): boolean | Promise<boolean>;
}

const PER_PAGE = 500;

/** Returns all users, also expired ones, and templates for which `isDeleted` says so. */
export async function findDeleted(
  database: Database,
  isDeleted: IsDeleted,
): Promise<{ users: UserEntry[]; templates: TemplateEntry[] }> {
  const users: UserEntry[] = [], templates: TemplateEntry[] = [];
  for await (const user of readEntries(database)) {
    if (await isDeleted.user(user)) users.push(user);
  }
  for await (const template of readTemplates(database)) {
    if (await isDeleted.template(template)) templates.push(template);
  }
  return { users, templates };
}

/** Reads all users. */
export async function* readEntries(database: Database): AsyncGenerator<UserEntry> {
  let after: UserKey = { collection: "", userId: "" };
  for (;;) {
    const { collection, userId } = after;
    const rows = await database.transaction((transaction) =>
      transaction.query(
        `SELECT collection, user_id, created_at FROM gallery_users
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
