/** A SQLite database in a folder, for one process. */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import {
  type Database,
  Rollback,
  type Row,
  type SqlValue,
  type Transaction,
  type TransactionOptions,
} from "./database.ts";
import { type LockedFolder, lockFolder } from "./sqlite_folder.ts";
import { StoreUnavailable } from "./store.ts";

/** Settings of a SQLite database. */
export interface SqliteOptions {
  /** Folder of the database. It must not be on a network file system. */
  readonly folder: string;
  /** Milliseconds to wait for another process, such as a backup, that has the database open. */
  readonly busyTimeoutMs?: number;
}

/** Number of prepared statements that are kept. An INSERT of another number of rows is another one. */
const MAX_STATEMENTS = 200;

/** Size of the database's pages. The table of templates is made for it: see migrations.ts. */
const PAGE_BYTES = 1024;

/**
 * Settings of the connection. FULL: a commit is on the disk before it is acknowledged. secure_delete:
 * deleted content is overwritten in the file. temp_store: no temporary file has content of rows.
 */
const PRAGMAS = `
  PRAGMA page_size = ${PAGE_BYTES};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
`;

/**
 * Opens or makes the database in a folder.
 *
 * @throws {ConfigError} when the folder is in use or cannot be used, or its file is not a database
 */
export function openSqliteDatabase({ folder, busyTimeoutMs = 2000 }: SqliteOptions): Database {
  const locked = lockFolder(folder);
  try {
    return new SqliteDatabase(locked, busyTimeoutMs);
  } catch (cause) {
    locked[Symbol.dispose]();
    throw new ConfigError(
      `The gallery's database ${locked.databasePath} cannot be opened (${describeError(cause)})`,
      { cause },
    );
  }
}

class SqliteDatabase implements Database {
  readonly dialect = "sqlite";
  readonly #folder: LockedFolder;
  readonly #busyTimeoutMs: number;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Settles when the last transaction has ended. There is one connection, so they take turns. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** True when the WAL may have content that was deleted, also by a process that was killed. */
  #mustErase = true;

  constructor(folder: LockedFolder, busyTimeoutMs: number) {
    this.#folder = folder;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#connection = new DatabaseSync(folder.databasePath, { timeout: busyTimeoutMs });
    try {
      this.#connection.exec(PRAGMAS);
      const { page_size: size } = this.#connection.prepare("PRAGMA page_size").get() as {
        page_size: number;
      };
      if (size !== PAGE_BYTES) {
        throw new RangeError(`Its pages have ${size} bytes instead of ${PAGE_BYTES}`);
      }
      this.#eraseFromLog();
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  transaction<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
    _options?: TransactionOptions,
  ): Promise<Result> {
    const result = this.#last.then(() => this.#transact(run));
    this.#last = result.catch(() => {});
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    this.#connection.close();
    this.#folder[Symbol.dispose]();
  }

  async #transact<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
  ): Promise<Result> {
    if (this.#closed) throw new StoreUnavailable("The database is closed");
    let erases = false;
    this.#execute("BEGIN");
    let result: Result | Rollback<Result>;
    try {
      result = await run({
        query: (statement, ...parameters) => this.#query(statement, parameters),
        erases: () => erases = true,
      });
      if (!(result instanceof Rollback)) this.#execute("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    if (result instanceof Rollback) this.#rollBack();
    else this.#mustErase ||= erases;
    if (this.#mustErase) translateErrors(() => this.#eraseFromLog());
    return result instanceof Rollback ? result.result : result;
  }

  async #query(text: string, parameters: readonly SqlValue[]): Promise<readonly Row[]> {
    return await translateErrors(() => {
      let statement = this.#statements.get(text);
      if (statement === undefined) {
        if (this.#statements.size === MAX_STATEMENTS) this.#statements.clear();
        statement = this.#connection.prepare(text.replaceAll(/\$(\d)/g, "?$1"));
        this.#statements.set(text, statement);
      }
      return statement.all(...parameters) as Row[];
    });
  }

  /**
   * Moves the content of the write-ahead log into the database and empties the log. A backup that
   * reads at this moment prevents that: then the next transaction tries again. This does not wait for
   * the backup, because every other call would have to wait, too.
   */
  #eraseFromLog(): void {
    this.#connection.exec("PRAGMA busy_timeout = 0");
    try {
      const statement = this.#connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
      const row = statement.get() as { busy: number };
      this.#mustErase = row.busy !== 0;
    } finally {
      this.#connection.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
    }
  }

  #execute(statement: string): void {
    translateErrors(() => this.#connection.exec(statement));
  }

  /** SQLite itself rolls back after some errors; there is then no transaction. */
  #rollBack(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch {
      // The error that led here is the one to report.
    }
  }
}

function translateErrors<Result>(use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    throw new StoreUnavailable("The database failed", { cause });
  }
}
