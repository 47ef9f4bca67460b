/**
 * The marks of deletions. The service writes one into its log for each user and template that it
 * deletes. A backup from before still has them: whoever restores it deletes them again by the marks.
 * Nobody can tell from a mark whom it is about without the backup and its template keys.
 */

import { createHmac, hkdfSync } from "node:crypto";
import { z } from "zod";
import { readLogField } from "../log_field.ts";
import type { UserKey } from "../store/store.ts";

/** Name of the field of a log line that has a deletion. */
export const DELETION_FIELD = "gallery_deletion";

const MARK = /^[0-9a-f]{64}$/;

const DeletionSchema = z.strictObject({
  /** Name of the store: one with other users has another name. */
  store: z.string().regex(/^[0-9a-f]{16}$/),
  time: z.iso.datetime({ precision: 3 }),
  mark: z.string().regex(MARK),
});

/** A deletion, as the log has it. */
export type Deletion = z.infer<typeof DeletionSchema>;

/** Makes the marks of one store. */
export interface DeletionMarks {
  /** Name of the store. Backups of it have the same name. */
  readonly store: string;
  /** Returns the mark of a user. One who gets the same user_id later has another mark. */
  ofUser(user: UserKey & { readonly createdAt: number }): string;
  /** Returns the mark of a template. */
  ofTemplate(templateId: string): string;
}

/**
 * Makes the marks.
 *
 * @param secret Secret of the store, which the template keys encrypt: see key_check.ts
 */
export function createDeletionMarks(secret: Uint8Array): DeletionMarks {
  const key = new Uint8Array(
    hkdfSync("sha256", secret, new Uint8Array(), "face-it deletions 1", 32),
  );
  const mark = (...parts: readonly (string | number)[]) =>
    createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex");
  return {
    store: mark("store").slice(0, 16),
    ofUser: ({ collection, userId, createdAt }) => mark("user", collection, userId, createdAt),
    ofTemplate: (templateId) => mark("template", templateId),
  };
}

/** Reads the deletions of a line of a collected log. "bad" stands for one that is damaged. */
export function readDeletions(line: string): (Deletion | "bad")[] {
  return readLogField(line, DELETION_FIELD)
    .map((value) => DeletionSchema.safeParse(value).data ?? "bad");
}
