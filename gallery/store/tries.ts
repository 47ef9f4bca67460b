/**
 * The statements on failed tries. A row has a keyed hash instead of a user_id, and nothing here asks if
 * a user exists. So a user_id without a user is counted like any other.
 */

import { createHmac } from "node:crypto";
import { listRows, type SqlValue, type Transaction } from "./database.ts";
import type { Try, UserKey } from "./store.ts";
import {
  refusalOf,
  strictest,
  type TriesLimit,
  type TriesPolicy,
  type TryOutcome,
  type TryRefusal,
} from "./tries_policy.ts";

/** Failures that are not followed by others are forgotten after this time. Locks are not. */
const KEPT_MS = 30 * 24 * 3_600_000;
/** Greatest numbers of rows that a trim keeps, of users that are locked and of all others. */
export const MAX_TRIES_ROWS = 100_000;

/** Settings and secrets of the statements. */
export interface TriesOptions {
  readonly policy: TriesPolicy;
  /** Key of the hashes. */
  readonly hashKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One count of failures. */
interface Counter {
  readonly subject: Uint8Array;
  /** The user that it is about; null for searches. */
  readonly owner: Uint8Array | null;
  readonly limit: TriesLimit;
}

/** The result of counting a try. */
export interface CountedTry {
  /**
   * The reason why the try is not allowed: the transaction must then be rolled back, and nothing may
   * depend on the outcome.
   */
  readonly refusal: TryRefusal | undefined;
  /** The reason why another try like this one would not be allowed now. */
  readonly nextRefusal: TryRefusal | undefined;
}

/** Returns the key of the hashes. It is derived from the secret that the template keys encrypt. */
export function deriveTriesKey(photoKey: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", photoKey).update("tries").digest());
}

/**
 * Counts a try, unless a limit is reached. The check and the count are one statement, so replicas that
 * try at the same time cannot exceed a limit together.
 */
export async function countTry(
  transaction: Transaction,
  tried: Try,
  outcome: TryOutcome,
  options: TriesOptions,
): Promise<CountedTry> {
  const { now } = options;
  const counted = await Promise.all(
    countersOf(tried, options).map(async (counter) => {
      const { limit } = counter;
      const written = outcome === "failed"
        ? addFailure(transaction, counter, now)
        // A match ends a row of failures. It does not end a rate: a known face would open it again.
        : outcome === "matched" && limit.kind === "row"
        ? forget(transaction, counter.subject, limit, now)
        : undefined;
      const [done, found] = await Promise.all([written, readCounter(transaction, counter)]);
      // Both statements run in this order, so a failure that was counted is among those found.
      const reached = found && refusalOf(found, limit, now);
      if (outcome === "failed" && done) return { refusal: undefined, nextRefusal: reached };
      // A failure that was not counted is refused also when the row has changed meanwhile.
      const late = outcome === "failed" ? { kind: "wait" as const, ms: 1 } : undefined;
      const refusal = reached ?? late;
      return { refusal, nextRefusal: refusal };
    }),
  );
  return {
    refusal: strictest(counted.map(({ refusal }) => refusal)),
    nextRefusal: strictest(counted.map(({ nextRefusal }) => nextRefusal)),
  };
}

/** Returns the reason why one of the tries would not be allowed now. */
export async function findRefusal(
  transaction: Transaction,
  tries: readonly Try[],
  options: TriesOptions,
): Promise<TryRefusal | undefined> {
  const counted = tries.map((tried) => countTry(transaction, tried, "neither", options));
  return strictest((await Promise.all(counted)).map(({ refusal }) => refusal));
}

/** Forgets all failures about users, also of those who do not exist. */
export async function forgetTries(
  transaction: Transaction,
  users: readonly UserKey[],
  { hashKey }: Pick<TriesOptions, "hashKey">,
): Promise<boolean> {
  if (users.length === 0) return false;
  const hashes = (kind: string) =>
    users.map(({ collection, userId }) => hash(hashKey, kind, collection, userId));
  const owners = hashes("owner"), everyone = hashes("everyone");
  const list = listRows(1, users.length);
  // In the order in which a try takes the rows: two transactions never wait for each other.
  const [own, ofAll] = await Promise.all([
    transaction.query(
      `DELETE FROM gallery_tries WHERE owner IN ${list}
        AND subject NOT IN ${listRows(1, users.length, 1 + users.length)} RETURNING failures`,
      ...owners,
      ...everyone,
    ),
    transaction.query(
      `DELETE FROM gallery_tries WHERE subject IN ${list} RETURNING failures`,
      ...everyone,
    ),
  ]);
  return own.length + ofAll.length > 0;
}

/** True when a caller, or all of them together, can no longer try to be recognised as the user. */
export async function isLocked(
  transaction: Transaction,
  key: UserKey,
  { hashKey, policy }: Pick<TriesOptions, "hashKey" | "policy">,
): Promise<boolean> {
  const everyone = hash(hashKey, "everyone", key.collection, key.userId);
  const rows = await transaction.query(
    "SELECT subject = $2 AS of_all, max(failures) AS failures FROM gallery_tries WHERE owner = $1 GROUP BY 1",
    hash(hashKey, "owner", key.collection, key.userId),
    everyone,
  );
  return rows.some(({ of_all, failures }) =>
    Number(failures) >= (of_all ? policy.userLockAfter ?? Infinity : policy.lockAfter)
  );
}

/**
 * Deletes failures that no longer count, and the oldest ones of too many. Needs an exclusive
 * transaction.
 *
 * @param maxRows Greatest number of rows that are kept, of locked users and of all others each
 * @param limit Greatest number of rows that this call deletes
 * @returns Number of rows that were deleted
 */
export async function trimTries(
  transaction: Transaction,
  { policy, now }: Pick<TriesOptions, "policy" | "now">,
  maxRows: number,
  limit: number,
): Promise<number> {
  const lock = Math.min(policy.lockAfter, policy.userLockAfter ?? Infinity);
  let deleted = 0;
  const remove = async (condition: string, ...parameters: SqlValue[]) => {
    const rows = await transaction.query(
      `DELETE FROM gallery_tries WHERE subject IN (
        SELECT subject FROM gallery_tries WHERE ${condition}) RETURNING 1 AS deleted`,
      limit - deleted,
      lock,
      ...parameters,
    );
    deleted += rows.length;
  };
  await remove(
    "failures < $2 AND failed_at <= $3 OR failures = 0 AND failed_at <= $4 LIMIT $1",
    now - KEPT_MS,
    now,
  );
  for (const comparison of ["<", ">="]) {
    await remove(
      `failures ${comparison} $2 ORDER BY failed_at DESC LIMIT $1 OFFSET $3`,
      maxRows,
    );
  }
  return deleted;
}

/** Returns the counts that a try belongs to, in the order in which all transactions take them. */
function countersOf(
  { collection, userId, key, clientRef, enrolment }: Try,
  { policy, hashKey }: TriesOptions,
): Counter[] {
  const { free, waitMs, lockAfter, userLockAfter, searches } = policy;
  if (userId === undefined) {
    if (searches === undefined) return [];
    return [{
      subject: hash(hashKey, enrolment ? "enrolment" : "search", collection, key, clientRef),
      owner: null,
      limit: { kind: "rate", failures: searches, waitMs },
    }];
  }
  const owner = hash(hashKey, "owner", collection, userId);
  const own: Counter = {
    subject: hash(hashKey, "user", collection, userId, key, clientRef),
    owner,
    limit: { kind: "row", free, waitMs, lockAfter },
  };
  if (userLockAfter === undefined) return [own];
  const ofAll: Counter = {
    subject: hash(hashKey, "everyone", collection, userId),
    owner,
    limit: { kind: "row", free: userLockAfter, waitMs: 0, lockAfter: userLockAfter },
  };
  return [own, ofAll];
}

/** Adds a failure, and resolves to false when the limit is reached. */
async function addFailure(
  transaction: Transaction,
  { subject, owner, limit }: Counter,
  now: number,
): Promise<boolean> {
  const rows = limit.kind === "row"
    ? await transaction.query(
      `INSERT INTO gallery_tries (subject, owner, failures, failed_at) VALUES ($1, $2, 1, $3)
        ON CONFLICT (subject) DO UPDATE SET failed_at = excluded.failed_at, failures =
          CASE WHEN gallery_tries.failed_at <= $4 THEN 1 ELSE gallery_tries.failures + 1 END
        WHERE ${allowed(5)} RETURNING failures`,
      subject,
      owner,
      now,
      now - KEPT_MS,
      limit.lockAfter,
      limit.free,
      now - limit.waitMs,
    )
    : await transaction.query(
      `INSERT INTO gallery_tries (subject, failures, failed_at) VALUES ($1, 0, $2)
        ON CONFLICT (subject) DO UPDATE SET failed_at = $3 +
          CASE WHEN gallery_tries.failed_at > $4 THEN gallery_tries.failed_at ELSE $4 END
        WHERE gallery_tries.failed_at <= $5 RETURNING failures`,
      subject,
      now + limit.waitMs,
      limit.waitMs,
      now,
      now + (limit.failures - 1) * limit.waitMs,
    );
  return rows.length > 0;
}

/** Deletes the failures, unless the limit is reached. */
async function forget(
  transaction: Transaction,
  subject: Uint8Array,
  { lockAfter, free, waitMs }: Extract<TriesLimit, { kind: "row" }>,
  now: number,
): Promise<boolean> {
  const rows = await transaction.query(
    `DELETE FROM gallery_tries WHERE subject = $1 AND ${allowed(2)} RETURNING failures`,
    subject,
    lockAfter,
    free,
    now - waitMs,
  );
  return rows.length > 0;
}

/** Returns the condition of `refusalOf` for failures in a row, with parameters from a number on. */
const allowed = (first: number) =>
  `gallery_tries.failures < $${first} AND
    (gallery_tries.failures < $${first + 1} OR gallery_tries.failed_at <= $${first + 2})`;

async function readCounter(transaction: Transaction, { subject }: Counter) {
  const [row] = await transaction.query(
    "SELECT failures, failed_at FROM gallery_tries WHERE subject = $1",
    subject,
  );
  return row && { failures: row["failures"] as number, at: row["failed_at"] as number };
}

function hash(key: Uint8Array, ...parts: readonly (string | undefined)[]): Uint8Array {
  const text = JSON.stringify(parts.map((part) => part ?? null));
  return new Uint8Array(createHmac("sha256", key).update(text).digest());
}
