/** The sequence of changes: its number, its tombstones, and what a reader has missed. */

import { listRows, type Transaction } from "./database.ts";
import type { Position, UserKey } from "./store.ts";

/** Users that have changed, up to a position. */
export interface MissedChanges {
  readonly position: Position;
  /** Each user once. */
  readonly users: readonly UserKey[];
  /** True when there are more changes after the position. */
  readonly more: boolean;
}

/** Returns the position of the newest change. */
export async function newestPosition(transaction: Transaction): Promise<Position> {
  const [row] = await transaction.query("SELECT n, change_id FROM gallery_change_number");
  return { n: row!["n"] as number, id: row!["change_id"] as string };
}

/**
 * Adds changes of users, one for each. Needs an exclusive transaction: the numbers are then in the
 * order in which the changes are committed, and a reader misses none.
 *
 * @param now Milliseconds since 1970
 */
export async function addChanges(
  transaction: Transaction,
  users: readonly UserKey[],
  now: number,
): Promise<void> {
  if (users.length === 0) return;
  const ids = users.map(() => crypto.randomUUID().replaceAll("-", ""));
  const [row] = await transaction.query(
    "UPDATE gallery_change_number SET n = n + $1, change_id = $2 RETURNING n",
    users.length,
    ids.at(-1)!,
  );
  const first = row!["n"] as number - users.length + 1;
  await transaction.query(
    `INSERT INTO gallery_changes (n, change_id, collection, user_id, created_at) VALUES ${
      listRows(users.length, 5)
    }`,
    ...users.flatMap(({ collection, userId }, i) => [first + i, ids[i]!, collection, userId, now]),
  );
}

/**
 * Returns the changes after a position, at most `limit`.
 *
 * @returns undefined when the position is not in the history of the database, or too old: after a
 * failover, after a backup was restored, or after the changes were pruned
 */
export async function changesAfter(
  transaction: Transaction,
  position: Position,
  limit: number,
): Promise<MissedChanges | undefined> {
  const rows = await transaction.query(
    `SELECT n, change_id, collection, user_id FROM gallery_changes WHERE n >= $1 ORDER BY n LIMIT $2`,
    position.n,
    limit + 1,
  );
  const [own, ...missed] = rows;
  if (own?.["n"] !== position.n || own["change_id"] !== position.id) return undefined;
  const users = new Map<string, UserKey>();
  for (const row of missed) {
    const key = { collection: row["collection"] as string, userId: row["user_id"] as string };
    users.set(JSON.stringify([key.collection, key.userId]), key);
  }
  const last = missed.at(-1);
  return {
    position: last ? { n: last["n"] as number, id: last["change_id"] as string } : position,
    users: [...users.values()],
    more: missed.length === limit,
  };
}

/** Changes that a purge keeps. */
export interface KeptChanges {
  /** Greatest number of changes. */
  readonly number: number;
  /** Milliseconds since 1970. Older changes are not kept. */
  readonly since: number;
}

/**
 * Deletes older changes. They have the user_ids of deleted users. The newest change stays, because it
 * has the present position, but when it is older than `since`, its user_id is deleted. Needs an
 * exclusive transaction: two replicas may purge.
 *
 * @param limit Greatest number of changes that this call deletes, the oldest first
 * @returns Number of changes that were deleted
 */
export async function pruneChanges(
  transaction: Transaction,
  { number, since }: KeptChanges,
  limit: number,
): Promise<number> {
  const { n } = await newestPosition(transaction);
  const [recent] = await transaction.query(
    "SELECT n FROM gallery_changes WHERE created_at > $1 ORDER BY n LIMIT 1",
    since,
  );
  const oldestRecent = recent?.["n"] as number | undefined;
  const deleted = await transaction.query(
    `DELETE FROM gallery_changes WHERE n IN (
      SELECT n FROM gallery_changes WHERE n < $1 ORDER BY n LIMIT $2) RETURNING n`,
    Math.max(n - number, Math.min(n, oldestRecent ?? n)),
    limit,
  );
  if (oldestRecent === undefined && deleted.length < limit) {
    // Nobody reads this row as a change: the row before it is deleted, so its readers start again.
    await transaction.query(
      `UPDATE gallery_changes SET collection = NULL, user_id = NULL
        WHERE n = $1 AND user_id IS NOT NULL`,
      n,
    );
  }
  transaction.erases();
  return deleted.length;
}
