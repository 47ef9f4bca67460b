/** The statements on files that were imported. */

import type { Transaction } from "./database.ts";
import type { FilePart, ImportedFile, ImportState } from "./store.ts";

/** Stands for the collections that a file names itself. No collection has this name. */
const OWN_COLLECTIONS = "*";

/** Returns how far the import of a file came; undefined when it has not begun. */
export async function readImportState(
  transaction: Transaction,
  { sha256, collection = OWN_COLLECTIONS }: ImportedFile,
): Promise<ImportState | undefined> {
  const [row] = await transaction.query(
    "SELECT users, imported_at FROM gallery_imports WHERE sha256 = $1 AND collection = $2",
    sha256,
    collection,
  );
  return row && { users: row["users"] as number, importedAt: row["imported_at"] as number };
}

/**
 * Remembers that a part of a file is imported. Needs an exclusive transaction, in which the users of
 * the part are stored: another process may import the same file.
 *
 * @param count Number of users of the part
 * @param now Milliseconds since 1970
 * @returns Number of users at the start of the part that were imported before, and must be left out
 * @throws {RangeError} when users before the part were not imported
 */
export async function advanceImport(
  transaction: Transaction,
  { first, again, ...file }: FilePart,
  count: number,
  now: number,
): Promise<number> {
  const done = (await readImportState(transaction, file))?.users ?? 0;
  if (first > done) throw new RangeError(`Only ${done} users of the file are imported`);
  await transaction.query(
    `INSERT INTO gallery_imports (sha256, collection, users, imported_at)
      VALUES ($1, $2, $3, $4)
      ON CONFLICT (sha256, collection) DO UPDATE SET
        users = excluded.users, imported_at = excluded.imported_at`,
    file.sha256,
    file.collection ?? OWN_COLLECTIONS,
    Math.max(done, first + count),
    now,
  );
  return again ? 0 : Math.min(count, done - first);
}
