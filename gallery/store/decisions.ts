/** The statements on decisions and used tokens. */

import type { AppendEvents } from "../audit/chains.ts";
import { newestPosition } from "./change_log.ts";
import { Rollback, type Transaction } from "./database.ts";
import type { CallToken, Decision, DecisionResult, Position, UserKey } from "./store.ts";
import { countTry, type TriesOptions } from "./tries.ts";

/** Unit of the stored times of the last match: a user that matches often is written once a minute. */
const LAST_SEEN_UNIT_MS = 60_000;
/**
 * Time that a decision stays after its token has expired. The clocks of two replicas may differ by
 * less.
 */
const KEPT_AFTER_EXPIRY_MS = 300_000;

/**
 * Stores a decision. The position is read after the transaction has begun, so every change that was
 * acknowledged before the caller's request is in it.
 *
 * @param append Appends the events of the decision
 */
export async function decideOnce(
  transaction: Transaction,
  { jti, expiresAt, position, matched, tried, event, observations = [] }: Decision,
  append: AppendEvents,
  options: TriesOptions,
): Promise<DecisionResult | Rollback<DecisionResult>> {
  const { now } = options;
  const [isCurrent, isFirst, , counted] = await Promise.all([
    position ? isNewest(transaction, position) : exists(transaction, matched),
    useToken(transaction, { jti, expiresAt }, now),
    matched && transaction.query(
      `UPDATE gallery_users SET last_seen_at = $1 WHERE collection = $2 AND user_id = $3
        AND (last_seen_at IS NULL OR last_seen_at < $1)`,
      now - now % LAST_SEEN_UNIT_MS,
      matched.collection,
      matched.userId,
    ),
    tried && countTry(transaction, tried, tried.outcome, options),
    event && append([event, ...observations]),
  ]);
  if (!isFirst) return new Rollback({ kind: "replayed" });
  if (counted?.refusal) return new Rollback({ kind: "limited", refusal: counted.refusal });
  if (!isCurrent) return new Rollback({ kind: "moved" });
  const nextRefusal = counted?.nextRefusal;
  return { kind: "decided", ...nextRefusal && { nextRefusal } };
}

/**
 * Stores that a token is used.
 *
 * @param now Milliseconds since 1970
 * @returns False when the token was used before, or has expired
 */
export async function useToken(
  transaction: Transaction,
  { jti, expiresAt }: CallToken,
  now: number,
): Promise<boolean> {
  // A purge may have deleted the row of a token that has expired.
  if (expiresAt <= now) return false;
  const inserted = await transaction.query(
    `INSERT INTO gallery_decisions (jti, expires_at) VALUES ($1, $2)
      ON CONFLICT (jti) DO NOTHING RETURNING jti`,
    jti,
    expiresAt,
  );
  return inserted.length > 0;
}

async function isNewest(transaction: Transaction, { n, id }: Position): Promise<boolean> {
  const newest = await newestPosition(transaction);
  return newest.n === n && newest.id === id;
}

/** True when the user exists, or when there is no user. */
async function exists(transaction: Transaction, user: UserKey | undefined): Promise<boolean> {
  if (user === undefined) return true;
  const rows = await transaction.query(
    "SELECT 1 AS found FROM gallery_users WHERE collection = $1 AND user_id = $2",
    user.collection,
    user.userId,
  );
  return rows.length > 0;
}

/**
 * Deletes the decisions whose tokens have expired. Needs an exclusive transaction: two replicas may
 * purge.
 *
 * @param limit Greatest number of decisions that this call deletes
 * @returns Number of decisions that were deleted
 */
export async function purgeDecisions(
  transaction: Transaction,
  now: number,
  limit: number,
): Promise<number> {
  const deleted = await transaction.query(
    `DELETE FROM gallery_decisions WHERE jti IN (
      SELECT jti FROM gallery_decisions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
      RETURNING 1 AS deleted`,
    now - KEPT_AFTER_EXPIRY_MS,
    limit,
  );
  return deleted.length;
}
