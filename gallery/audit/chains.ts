/**
 * The chains that this process writes. A transaction has a chain for itself until it has ended, so
 * transactions at the same time do not wait for each other. A process with SQLite has one chain, with
 * PostgreSQL at most one for each connection.
 */

import {
  type Database,
  Rollback,
  type Transaction,
  type TransactionOptions,
} from "../store/database.ts";
import type { UserKey } from "../store/store.ts";
import { signCheckpoints } from "./checkpoint.ts";
import type { AuditCheckpoint, AuditEvent, CheckpointScope } from "./event.ts";
import { type PurgedEvents, purgeEvents } from "./purge.ts";
import { type Head, insertEvents, readHeads, readUserRefs } from "./rows.ts";
import { type AuditKeys, NO_CODE } from "./seal.ts";
import { readNote } from "./stored_row.ts";

/**
 * Appends events in the transaction: they are stored when it is, or nothing is. Call it once in a
 * transaction.
 */
export type AppendEvents = (events: readonly AuditEvent[]) => Promise<void>;

/** Writes chains, and signs their heads. */
export class AuditChains {
  readonly #database: Database;
  readonly #keys: AuditKeys;
  readonly #now: () => number;
  /** Heads of chains that no transaction has at the moment. The last one is used next. */
  readonly #free: Head[] = [];
  /** The newest head of each chain that this process has written or read. */
  readonly #known = new Map<string, Head>();
  /** Number of the last row of each chain that this process has signed. */
  readonly #signed = new Map<string, number>();
  #unsigned = 0;

  /** @param now Returns milliseconds since 1970 */
  constructor(database: Database, keys: AuditKeys, now: () => number) {
    this.#database = database;
    this.#keys = keys;
    this.#now = now;
  }

  /** Number of rows that this process has written since it signed the heads of its chains. */
  get unsigned(): number {
    return this.#unsigned;
  }

  /**
   * Runs a transaction that can append events. After a failure, its chain is not continued: the last
   * row may be stored or not.
   */
  async transaction<Result>(
    run: (transaction: Transaction, append: AppendEvents) => Promise<Result | Rollback<Result>>,
    options?: TransactionOptions,
  ): Promise<Result> {
    let before: Head | undefined;
    let after: Head | undefined;
    const result = await this.#database.transaction(async (transaction) => {
      const result = await run(transaction, async (events) => {
        if (events.length === 0) return;
        before ??= this.#free.pop() ?? newChain();
        const now = this.#now();
        const users = usersOf(events);
        // Without a user, the statement is sent at once, together with others.
        const refs = users.length === 0 ? NOBODY : await readUserRefs(transaction, users, now);
        after = await insertEvents(transaction, this.#keys, before, events, refs, now);
      });
      if (result instanceof Rollback) after = undefined;
      return result;
    }, options);
    if (after !== undefined) {
      this.#unsigned += after.seq - before!.seq;
      this.#known.set(after.chain, after);
    }
    if (before !== undefined) this.#free.push(after ?? before);
    return result;
  }

  /**
   * Deletes the events of a time and before.
   *
   * @param until Milliseconds since 1970
   * @param limit Greatest number of events to delete
   */
  async purge(until: number, limit: number): Promise<PurgedEvents> {
    const options = { until, limit, now: this.#now() };
    return await this.#database.transaction(
      (transaction) => purgeEvents(transaction, this.#keys, options),
      { exclusive: true, frees: true },
    );
  }

  /**
   * Signs the heads of chains. A head that was signed before is never replaced by an older one, so
   * rows that somebody has removed meanwhile are missed later.
   *
   * @throws {StoreUnavailable} when the heads of other processes cannot be read
   */
  async checkpoints(scope: CheckpointScope): Promise<readonly AuditCheckpoint[]> {
    if (scope !== "own") {
      const stored = await this.#database.transaction(readHeads);
      const chains = new Set(stored.map(({ chain }) => chain));
      for (const head of stored) {
        if (head.seq > (this.#known.get(head.chain)?.seq ?? 0)) this.#known.set(head.chain, head);
      }
      for (const head of [...this.#known.values()]) {
        const { chain } = head;
        if (chains.has(chain) || !this.#signed.has(chain)) continue;
        // Rows that no purge has deleted must stay missed.
        if (await this.#isPurged(head)) this.#known.delete(chain);
      }
    }
    const heads = [...this.#known.values()].filter(({ chain, seq }) =>
      scope === "all" || seq > (this.#signed.get(chain) ?? 0)
    );
    this.#unsigned = 0;
    for (const { chain, seq } of heads) this.#signed.set(chain, seq);
    return signCheckpoints(this.#keys, heads, this.#now(), scope === "all");
  }

  /** True when a purge has deleted a row and all before it. */
  async #isPurged({ chain, seq }: Head): Promise<boolean> {
    const note = await this.#database.transaction((transaction) =>
      readNote(transaction, this.#keys, chain)
    );
    return note !== undefined && note !== "bad" && note.seq >= seq;
  }
}

const NOBODY: ReadonlyMap<string, string> = new Map();

const newChain = (): Head => ({
  chain: crypto.getRandomValues(new Uint8Array(8)).toHex(),
  seq: 0,
  code: NO_CODE,
});

const usersOf = (events: readonly AuditEvent[]): UserKey[] =>
  events.flatMap(({ collection, userId }) => userId === undefined ? [] : [{ collection, userId }]);
